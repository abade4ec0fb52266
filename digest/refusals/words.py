"""What servers say, by what they mean. Ordered families of words; digest.refusals.why() says which family wins.

Written from the servers' own texts (sources in the package's docstring); a family is a few ideas, not a list of every
sentence ever seen, so that the next server's wording is understood too. Every repeat is bounded: a hostile text costs
no more than a long one.
"""

from __future__ import annotations

import re


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


FULL = _words(
    r"(mail)?(box|folder) (is )?(too |almost )?full",
    r"full mail(box|folder)",
    r"(over|out of|exceed\w*|reached|beyond|violat\w*)( \w+){0,4} (disk |storage |mail(box)? )?quota",
    r"overquota|quota_?exceeded",
    r"quota( \w+){0,3} (exceed|violat|reached|full|is used up)",
    r"(exceed|over)\w*( \w+){0,4} (storage|disk space|space (limit|allowed|allocat))",
    r"(exceed\w*|reached)( \w+){0,3} (mailbox|mail ?drop)( \w+){0,3} (limit|size)",
    r"mailbox (size limit exceeded|exceeded( \w+)* limit|size exceeded)",
    r"storage (allocation|quota|limit|space) (is )?exceeded",
    (
        r"(insufficient|not enough|no|does not have enough|out of) (storage )?(space|room)( \w+){0,4}"
        r" (mail ?box|inbox|user|recipient|account|in your)"
    ),
    (
        r"(inbox|mailbox|user|account|recipient)( \w+){0,4} (out of (storage )?space|not? (have"
        r" )?enough (storage )?space)"
    ),
    r"space has been used up|not enough disk space",
    r"too many messages (on the server|in (the )?(mail)?box)",
    r"too much mail data",
    r"mail file size exceeds",
    r"exceeding receiving limits",
    r"bo[iî]te( aux lettres)?( \w+){0,3} pleine",
    r"postfach( \w+){0,3} voll|speicherplatz",
    r"buz[oó]n( \w+){0,3} lleno|cuota( \w+){0,3} excedid",
    r"casella( \w+){0,3} piena",
    r"переполнен",
)
SYSTEM_FULL = _words(
    r"insufficient (system|disk) (storage|space|resources)",
    r"mail system full",
    r"no space left on device",
    r"out of disk space",
    r"insufficient storage",
)
TOO_BIG = _words(
    (
        r"(message|mail|e-?mail|size|data|body|content)( \w+){0,6} (exceed\w*|over|larger? than"
        r"|greater than|bigger than)( \w+){0,5} (size|limit|maximum|allowed|permitted|accepted)"
    ),
    r"(message|mail|e-?mail|file|attachment)s? (size )?(is |was |are )?too (big|large)",
    r"exceed\w*( \w+){0,4} (message|mail|e-?mail) (size|length)",
    r"(max(imum)?|message) (message |inbound message |mail )?size (is |was )?(limit )?(exceed|restrict|too)",
    r"message length exceeds",
    r"(allowed|maximum|limit)( \w+){0,3} size( \w+){0,3} (was|is) exceeded",
    r"exceeded maximum inbound message size",
    r"message too (big|large|long)",
    r"number of attachments|header size limit|size of the .{0,40} header",
    r"size limits? (of|for) (the )?(recipient|message)",
)
MOVED = _words(
    r"has (been )?(moved|replaced)( \w+){0,3} (to|by)\b",
    r"(user|recipient|mailbox|address|account|person) has (been )?(moved|changed)",
    r"no longer on server",
    r"has changed (to|his|her|their|e-?mail)",
    r"not our customer",
    r"user not local; please try",
    r"recipient has moved",
    r"has left (the|our) (company|organi[sz]ation|university|institution)",
)
RELAYING = _words(
    r"relay(ing)?( \w+){0,3} (access )?(is )?(denied|prohibited|not (allowed|permitted|accepted)|forbidden|refused)",
    (
        r"(unable|not (allowed|permitted|authori[sz]ed|willing)|refus\w+|cannot|can't|won't|do not"
        r"|don't) (to )?(be )?relay"
    ),
    r"relay (not|access|denied|rejected|prohibited)",
    r"open relay",
    r"not a gateway",
    r"(isn't|is not|that domain isn't) in my list of allowed rcpthosts",
    r"no (such )?relay",
    r"insecure mail relay",
    r"invalid credentials for relay",
    r"we do not relay|mail relay denied",
)
SENDER = _words(
    (
        r"sender('s)?( \w+){0,5} (reject|refus|denied|not (allowed|accepted|exist|found|permitted"
        r"|authori[sz]ed)|invalid|blacklist|blocked|unknown|verif\w+ fail)"
    ),
    (
        r"sender (address|verify|verification|domain|check|is|not) ?(rejected|fail|listed|spammer"
        r"|empty|pre-approved|does not|\S+ list)"
    ),
    r"(invalid|unknown|bad|unroutable|unverified|null|empty( envelope)?|rejected) senders?\b",
    r"domain of sender",
    (
        r"mail ?from( address| domain)?( \S+){0,3} (reject|refus|denied|not (owned|allowed|accepted)"
        r"|must|is (not|invalid|listed))"
    ),
    r"(reject|refus|not accept|den(y|ied))\w* (any )?mail from\b",
    r"return(ed|-path)? (address|mail)( \w+){0,3} (reject|refus|not accepted|denied|invalid)",
    r"access denied \(in reply to mail from",
    r"backscatter protection",
    r"purported responsible address",
    r"(not|non-?)(a )? ?member( \w+){0,3} (list|article)|members?-only|by non-?member",
    r"not (allowed|permitted|authori[sz]ed) to (post|send|submit)",
    r"not have permission",
    r"emetteur invalide",
    r"administrative prohibition",
    r"after mail from:.{0,200}does not exist",
    r"spam reporting address",
    r"from:? (header|domain|address|field) (is )?(invalid|missing|not)",
    r"valid sender|envelope[- ]from|header from",
    r"sender is on",
)
AUTHENTICATION = _words(
    r"\b(spf|dkim|dmarc|sender ?id|domainkeys)\b",
    r"unauthenticated (e-?mail|mail|messages?)",
    r"(does|do|did|fail\w*) (not )?(to )?pass( \w+)* (authentication|verification)",
    r"authentication (checks?|results?|information) (fail|did not pass|missing)",
    r"sender[- ]?policy[- ]?framework",
    r"domainkey",
)
NO_PTR = _words(
    r"\bptr\b",
    r"reverse[- ]?(dns|name|lookup|mapping|hostname|address|ip)",
    r"\br-?dns\b",
    r"(ip|host|client)( ?name| address)?( \w+){0,3} lookup fail",
    r"cannot (find your|resolve your)( \w+)* (host|address|name|ip)",
    r"(unresolvable|unresolved) (host|relay|client)",
    r"no (reverse|matches to nameserver|valid reverse)",
    r"cannot find your hostname",
    r"hostname (does not|doesn't) (resolve|match)",
    r"fcrdns|forward[- ]confirmed",
    r"fix reverse",
    r"domain (name )?(and|or) ip( address)? do(es)? not match",
    r"(missing|invalid|generic|unknown|dynamic) (reverse|rdns|ptr)",
)
REPUTATION = _words(
    r"reputation",
    r"senderbase|senderscore",
    r"unexpected volume or user complaints",
    r"user complaints",
    r"has a poor|poor sending",
    r"(ip|server|domain) (is )?(suspicious|temporarily deferred)",
)
RATE = _words(
    (
        r"too many( \w+){0,4} (connections?|messages?|e-?mails?|mails?|recipients?|sessions?|errors?"
        r"|hits|invalid recipients|concurrent|addresses|unknown)"
    ),
    r"(rate|frequency|connection|concurrency|message|submission|sending|sends?)( \w+){0,2} limit",
    r"limit(ed)? (on|of|for) (the )?(number|connections|messages|rate)",
    r"daily .{0,20}(quota|limit)|sending (quota|limit)|(hourly|per hour|per day) (quota|limit)",
    r"maximum (number of )?(connections|messages|sessions|recipients|parallel)",
    r"throttl",
    r"(sending|sent|connect\w*|mail\w*|messages?|receiv\w+)( \w+){0,4} too (fast|quickly|frequently|many|much|often)",
    r"at a rate that",
    r"rate[- ]?limit",
    r"unusual rate|frequency limited|too frequent",
    r"slow down|exceeded (the )?(allowable|allowed|maximum|max) (number|rate)",
    r"connection(s)? refused.{0,20}too many",
    r"exceed\w*( \w+){0,4} (recipients?|connections?|messages?)( \w+){0,2} (limit|per|allowed)",
)
LIMIT = _words(
    r"daily .{0,20}(quota|limit)",
    r"sending (quota|limit)",
    r"(rate|message|relay|submission) limit",
    r"too many (messages|emails|recipients|connections)",
    r"throttl",
)
"""Of our own account at a relay."""
SPAM = _words(
    r"\bspam(?!haus|cop)\w*",
    r"\bube\b|\buce\b",
    r"unsolicited",
    r"\bjunk\b",
    r"\bbulk (e-?)?mail",
    r"(mass|bulk) mailing",
    r"looks like (a )?(spam|phish)|phishing",
    r"considered (as )?(spam|unsolicited)",
    r"message content rejected|content filter",
    r"\bsurbl\b|\buribl\b",
    r"ofr_?50[56]|ofr_?999",
    r"\bscore\b.{0,40}\b(threshold|too high|exceed)",
    r"high probability",
    r"cloudmark|brightmail|spamassassin",
)
BLOCKED = _words(
    r"\b(un)?block(ed|ing|list\w*)\b|\bblocked\b",
    r"(black|deny|bad)-?\s?list",
    r"\b(rbl|dnsbl|spamhaus|spamcop|barracudacentral|sorbs|cbl|abuseat|senderbase|psbl|mapsrbl)\b|\bmail-abuse\b",
    r"\bbanned\b",
    (
        r"(ip|host|client|server|network|connection|domain)( \S+){0,4} (is )?(not allowed|denied"
        r"|refus\w+|reject\w+|listed|prohibit\w+|not (authori[sz]ed|accepted|permitted|welcome))"
    ),
    r"(helo|ehlo)\b( \S+){0,5} (reject|invalid|denied|refus|not)",
    r"invalid (helo|ehlo|domain name|ip for sending)",
    (
        r"(your|my) (name|host|server|ip|domain|network|mail ?server)( \S+){0,4} (was |is |has been "
        r"|been )?(reject|refus|banned|listed|denied|not)"
    ),
    r"connection (refused|reset|rejected|dropped|denied)( by)? .{0,40}(polic|filter|admin|due)",
    r"adresse ip source bloqu[ée]e",
    r"message blocked|mail blocked",
    r"not in whitelist|whitelist",
    r"you are not (allowed|welcome|permitted)",
    r"(dynamic|residential|dial-?up) (ip|address|host|pool|range|cable|adsl)",
    r"access denied.{0,40}\b(ip|host|address|sending)\b",
    r"we do not accept (mail|connections) from",
    r"bad (dns )?ptr|bad helo",
    r"forged (hostname|helo)",
)
VIRUS = _words(r"\bvirus\w*", r"\bmalware", r"\binfected\b", r"\btrojan", r"\bworm\b", r"suspicious attachment")
POLICY = _words(
    r"\bpolic(y|ies)\b",
    r"not accepted (due to|for) (local|domain|security)",
    r"(prohibit|restrict)\w+ (attachment|content|file|message)",
    r"you have exceeded|violat\w+",
    r"security (polic|issue|reason|risk)",
    r"for (security|administrative|legal) reasons?",
    r"protocol violation",
    r"legal reasons",
    r"administrative(ly)? (denied|prohibited|reject)",
)
SECURITY = _words(
    r"authentication (is )?(required|turned on|failed|credentials)",
    r"(must|please|need to) (first )?(authenticate|issue a starttls|log ?in)",
    r"(starttls|tls|ssl|encryption)( \w+){0,3} (required|needed|not (available|supported|offered)|fail\w*|must)",
    r"(must|not) (use|using|support) (starttls|tls|ssl)",
    r"unauthenticated senders",
    r"not authori[sz]ed|unauthori[sz]ed",
    r"password|account not subscribed to ses|e-?mail address is not verified",
    r"certificate|insecure|cryptographic",
    r"security (error|failure|violation)",
    r"permission denied",
)
CONTENT = _words(
    r"8[- ]?bit (data|characters?)|improper use of 8-bit|non-?ascii",
    (
        r"(invalid|missing|duplicate|malformed|bad|illegal|too many|multiple)( \S+){0,3} (mime"
        r"|headers?|received|message-?id|line|boundary|attachment)"
    ),
    r"message (header|body|content|format|filter)( \w+){0,3} (reject|invalid|not|size|fail)",
    r"\b(mime|header) (error|format|is)",
    r"rfc ?(2?822|5322|2045|compliant|compliance)|not rfc",
    r"(message|mail) (content|is) (reject|malformed|not (acceptable|compliant))",
    r"bare (lf|cr|linefeed|carriage)|line too long|line length",
    r"attachment|routing loop detected -- too many received",
    r"content (is )?(reject|not acceptable|prohibit|restrict)",
    r"improper|multiple addresses in from",
)
SUSPENDED = _words(
    (
        r"(account|mail ?box|user|recipient|address|customer|domain)( \S+){0,6} (is |are |was |has"
        r" been |been |currently |temporarily |not )*(suspend|disabled|deactivat|inactiv|locked"
        r"|frozen|not active|discontinued|closed temporarily|restricted)"
    ),
    r"(suspended|disabled|inactive|deactivated|locked|archived|expired) (account|mail ?box|user|recipient|address)",
    r"(mailbox|account) (unavailable or access denied|is not available|temporarily unavailable)",
    r"suspend(ed)? the service|recipient suspend",
    r"boite du destinataire archiv|ofr_?4(15|37)",
    r"invalid/inactive user",
    r"email account that you tried to reach is (disabled|inactive)",
    r"domain (is |has been )?(suspend|deactivat|on hold)",
    r"not been activated|inactivity|dormant",
    r"disabled(,| due)",
    r"has been (disabled|suspended|blocked by (the )?(admin|owner))",
)
UNKNOWN = _words(
    (
        r"(user|recipient|mail ?box|address|account|alias|addressee|destination|customer|member"
        r"|employee|student|id|person|(e-?)?mail( id)?|names?|inbox|login)( name| address| account)?("
        r" \S+){0,4}? (is |are |was |were |not? |does |do |could |can )*(not? |un)(known|found|exist"
        r"|valid|recogni[sz]ed|listed|registered|available|a valid|a known|an active|active|local"
        r"|have|be found|identif\w+|deliverable|here|present|on this (server|system)|located|correct"
        r"|a local|in (my|our|the))"
    ),
    (
        r"(unknown|no such|invalid|non-?existent|nonexisting|bad|undeliverable|illegal|no valid"
        r"|unrouteable|incorrect|wrong|not? found|unresolvable|not a valid|not a known)( e-?mail|"
        r" local| final| destination| envelope| forward-?path| virtual| internal| smtp)?( or \w+)*("
        r" virtual| local)? ?(user|recipient|mail ?box|address|account|alias|local[- ]?part|person"
        r"|name|rcpt|addressee|mailbox path|id\b|member)"
    ),
    r"(does|do|did) ?n[o']?o?t exist|doesnt exist|not exist",
    (
        r"no longer (in use|used|active|available|valid|exists?|with|employed|works|accept|here"
        r"|receiv\w+|a (valid|customer)|monitored|on (this|our))"
    ),
    r"(has|have|had) left\b.{0,30}\b(company|university|organi)",
    (
        r"(no|not an?) (mail ?box|account|user|person|one|recipient|addressee|member|alias)("
        r" \w+){0,4} (here|by that|with that|at this|named?|found|available|for this|of that|exists?"
        r"|on this|called|such)"
    ),
    r"no mailbox|no such|no recipients?\b|no (one|body) (here|at)|nobody here|no valid (recipients|cert)",
    r"doesn'?t (have|handle)( \S+){0,4} (account|mail ?box|mail for)",
    (
        r"not (a|our|an) (valid|local|known|registered|current|active|existing)? ?(user|mail ?box"
        r"|recipient|address|customer|subscriber|member|e-?mail|account|local)"
    ),
    r"bad(_| |-)?(rcpt(to)?|recipient|destination|address|mailbox)",
    (
        r"recip(ient)?s? ?not ?found|recipientnotfound|recipnotfound|unknown[- ]?(user|recipient"
        r"|address|mailbox|local)|resolver\.adr"
    ),
    r"user unknown|userunknown|unknown_?user",
    (
        r"(address|user|recipient|mailbox|account|name|it) (couldn't|could not|wasn't|was not|can't"
        r"|can ?not|isn't|is not) (be )?(found|located|resolved|recogni[sz]ed|identified|valid"
        r"|deliverable|delivered to|listed)"
    ),
    r"not listed in( \S+){0,4} (directory|name|address|domino)",
    (
        r"recipient (address )?reject(ed|ion)\b(: ?(access denied|user|unknown|invalid|undeliverable"
        r"|recipient|no such|not|address)|(?!:))"
    ),
    r"(rcpt|recipient) (to )?(<\S+> )?(not (ok|exist|found|valid)|failed)",
    (
        r"missing home directory|unknown or illegal alias|cannot be resolved in|not in (name"
        r" )?directory|can't accept user|vdeliver: invalid|is not a (mail|valid|known|user)"
    ),
    r"never logged in|never existed",
    (
        r"adresse( \w+){0,6} (invalide|inconnu)|destinataire( \w+){0,3} (inconnu|invalide)"
        r"|utilisateur inconnu|n'existe pas|ofr_?41[68]"
    ),
    r"empf[äa]nger( \w+){0,3} (unbekannt|nicht)|unbekannter (empf|benutzer)|nicht gefunden|existiert nicht",
    (
        r"usuario (desconocido|no existe)|no existe|destinatario (desconocido|sconosciuto"
        r"|inesistente)|utente (sconosciuto|non)|casella inesistente|usu[aá]rio (desconhecido"
        r"|inexistente|n[aã]o)"
    ),
    r"пользовател\w+( \w+)* не (найден|существует)|не существует|нет такого|почтовый ящик не",
    r"ディレクトリ.{0,20}(見つかり|存在し|ありません)",
    r"不存在|用户(名)?(未找到|不存在)|宛先(不明|が見つかり)|存在しません",
    r"mailbox (unavailable|not (available|found))|unavailable mailbox",
    r"address error|addressing error|illegal user|illegal address",
    r"destination (addresses were unknown|server rejected recipients)",
    r"following recipients was undeliverable",
    r"invalid final delivery|badly formed|malformed address|syntactically (invalid|incorrect)( \w+)* address",
)
SURELY = _words(
    r"delivery error: dd this user does(n't| not) have an? .{0,40}account",
    r"does not exist at the organi[sz]ation",
    r"recipient name is not recogni[sz]ed|msexch.{0,80}unknown recipient|000c05a6",
    r"not listed in .{0,60}(directory|address book)|no .{0,40} in name directory|name and address book",
    r"(domino )?ディレクトリ.{0,20}(見つかり|存在し|ありません)",
    r"resolver\.adr|recipient not found by smtp address lookup",
    r"no valid recipients for this mm|unknown user: |invalid final delivery userid",
    r"non r[ée]pertori[ée] dans l.annuaire|no se encuentra en el directorio",
    r"recipient address rejected: access denied",
)
"""Said by the directory that owns the address: too clear to be a filter's excuse."""
HOST_UNKNOWN = _words(
    (
        r"(unknown|no such|invalid|illegal|non-?existent|bad|unrouteable|unresolvable|undefined)"
        r" (destination |mail |remote |recipient |e-?mail )*(host|domain|destination system|hostname"
        r"|server)"
    ),
    (
        r"(host|domain|hostname|recipient domain|mail domain|name server|server)( name)?( \S+){0,3}"
        r" (is |was |does |could )?(not (be )?(found|exist|known|resolved|registered|valid"
        r"|defined)|unknown|n'existe pas)"
    ),
    r"host (or domain name )?(not found|unknown)",
    (
        r"domain (does not exist|must exist|is not reachable|must resolve|not found|is a dead|has no"
        r"|mentioned in email address is unknown)"
    ),
    r"domain( \S+){0,3} (has been )?(expired|deleted)|dead domain",
    r"name or service not known|nxdomain|no such (domain|host)",
    r"unroute?able (mail )?(address|domain)|all relevant mx records point to non-existent hosts",
    r"all host address lookups failed permanently|no mx found for|domain doesn.?t exist",
    r"(illegal|invalid) host/?(domain)?",
    r"can't find( \S+){0,3} (host|domain)|couldn'?t find any host( named)?|cannot resolve (the )?(domain|host)",
    r"account or domain may not exist",
    r"no (mx|a|dns|address)( or \w+)? records?( \w+){0,3} (for|found)( domain)?|has no (mx|a|dns|valid mail)",
    r"host name is unknown|hostunknown|hostnotfound",
)
NO_MAIL = _words(
    r"null ?mx|system not accepting network messages",
    r"(mx|srv)( or \w+)? record indicated no smtp service",
    r"no mx record found for domain",
    r"(does not|doesn't|do not) accept (any )?(e-?)?mail\b(?! from)",
    r"host/domain does not accept mail|never accepts mail|not accepting (any )?mail\b(?! from)",
    r"server (does|do) not accept mail|smtp service is not available here",
)
FILTERED = _words(
    (
        r"(user|recipient|subscriber|mailbox|account|he|owner)( \S+){0,4} (reject|refus|restrict|only"
        r" accept|block|filter|is only accepting|protected)\w*"
    ),
    r"(message|mail) filtered",
    r"(due to|by) (user|recipient)('s)? (rules?|preferences?|filter|settings)",
    r"account is protected by|not accepting any mail|restricted sms",
    r"not found recipient account",
    r"user reject|refuse to receive",
    r"blocked by the recipient",
)
NETWORK = _words(
    r"(dns|name service|domain name|name server)( \S+){0,4} (error|fail|loop|lookup|problem|malformed)",
    (
        r"(too many hops|hop count|mail (loop|forwarding loop)|loop(s|ing)? (back|detected)|mail loop"
        r"|routing loop|many hops)"
    ),
    r"(no route|unreachable|network (is )?(error|unreachable|problem|down))",
    r"(lost connection|connection (was )?(lost|refused|reset|closed|dropped|broken|terminated))",
    (
        r"(host|domain)( \S+){0,2} lookup (fail|fault|error)|host lookup did not complete|couldn'?t"
        r" find any dns|nameserver"
    ),
    r"couldn.t find a mail exchanger",
    r"delivery_attempts?_exceeded|bad connection|server is unreachable",
    r"established but connection died|malformed or unexpected name server reply",
    r"(maximum|exceeded) (\w+ )?(hops|forwarding)",
)
EXPIRED = _words(
    r"expired|timed? ?-?out|time ?out\b|retry time(out)?",
    r"(in|on) (the )?(mail )?queue (for )?(too long|\d+)|queue too long|been in (the|my) (queue|system)",
    r"(could|can|did) ?n[o']t (yet )?be delivered (for|within|after|in) (\w+ )?(\d|more|the last|several)",
    r"(not|n't)( yet)? (been )?deliver\w*( \w+){0,4} (after|for|within) ",
    r"(gave|giving|given) up|not going to try|tried for|too long",
    (
        r"(unable|failed|could not|couldn't|can't|cannot) (to )?(connect|contact|reach|establish"
        r"|open)|no answer|not respond\w*|did not (respond|reply)|no response"
    ),
    (
        r"delivery (time|attempt)( \w+){0,3} (expired|exceeded|delayed)|(has been|is) delayed|will be"
        r" retried|retries? (exceeded|exhausted)"
    ),
    r"message (is )?(too old|delayed)|has been delayed|still trying|temporar\w+ delayed",
    r"undeliverable (for|after)|connection refused",
    r"has not been (collected|delivered)",
)
LATER = _words(
    r"gr[ae]y-?list",
    r"try (again )?later|try back|try again in",
    r"please (re)?try|please come back|retry later",
    r"temporar(y|ily)",
    r"receiving (mail|email) (too quickly|at a rate)",
)
BUSY = _words(
    r"try again",
    r"not (yet )?available|service (not|is) (available|unavailable)|busy\b",
    r"resources (temporarily )?unavailable|local error in processing|unverified (address|recipient)|deferred\b",
)
GREYLIST = _words(r"gr[ae]y-?list")
SYSTEM = _words(
    (
        r"(system|server|local|internal|configuration|config|program|mailer|software|unexpected"
        r"|command)( \S+){0,2} (error|failure|fault|misconfigur\w+|problem|crash\w*)"
    ),
    (
        r"(can't|cannot|could not|unable to|error) (create|open|write|read|deliver|store|lock|execute"
        r"|load|initiali[sz]e|process|access|save|contact|exec)"
    ),
    r"(loops? back to (me|myself)|misconfigur|mail for \S+ loops)",
    (
        r"broken pipe|no such file|i/o error|disk (error|full)|core dump|exit(ed)? (status|code|with)"
        r"|child (status|process)|signal \d|died"
    ),
    (
        r"delivery (agent|program)|pipe to|local configuration error|ldap|database|too many open"
        r" files|interrupted system call"
    ),
    r"unable to verify|out of memory|quota error",
)
PROTOCOL = _words(
    (
        r"syntax error|command (not|parameter|unrecogni[sz]ed|unknown|rejected)|(bad|improper)"
        r" (sequence|command|use of smtp)|unrecogni[sz]ed command|not implemented|unexpected (smtp"
        r"|command|response|reply)"
    ),
    (
        r"protocol (error|returned)|pipelining|smtp (protocol|conversation) (error|fail)|must issue"
        r"|need (rcpt|mail|helo)"
    ),
)

HOTMAIL = _words(r"requested action not taken: mailbox unavailable")
"""With 5.5.0, what Microsoft's mailboxes for everybody say of an unknown one."""
IRONPORT = _words(
    r"[45]\.\d\.\d - (unknown address error|other mail system problem|other network problem) (?=\W{0,2}[45]\d\d)"
)
"""IronPort's own guess, before the quoted words of the other server."""

ADDRESS_OR_LINK = re.compile(r"https?://\S+|www\.\S+|<?[^\s<>,;:()\"']+@[^\s<>,;()\"']+>?")
"""Left out before words are looked for: policy@uni.example is nobody's policy."""

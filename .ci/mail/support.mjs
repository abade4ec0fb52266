// Which features of the given HTML files some e-mail client does not support, by caniemail.com's data:
// {"feature": {"file": ["client", …]}} on standard output.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { caniemail } from "caniemail";

// The families with most readers; the data knows others too little to say.
const clients = ["apple-mail.*", "gmail.*", "outlook.*", "yahoo.*", "samsung-email.*", "protonmail.*", "fastmail.*"];
const missing = {};
for (const path of process.argv.slice(2)) {
  const { issues } = caniemail({ clients, html: readFileSync(path, "utf8") });
  for (const [client, found] of issues.errors) {
    for (const { title } of found) ((missing[title] ??= {})[basename(path)] ??= []).push(client);
  }
}
console.log(JSON.stringify(missing));

// nodemailer's pool as its README shows it, for benchmarks/smtp.py: it builds every message itself.
//   node nodemailer_pool.mjs NODEMAILER_FOLDER PORT COUNT CONNECTIONS PARTS.json
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [folder, port, count, connections, parts] = process.argv.slice(2);
const nodemailer = createRequire(`${folder}/`)("nodemailer");
const { sender, subject, text, html } = JSON.parse(readFileSync(parts, "utf8"));

const startedAt = process.hrtime.bigint();
const before = process.cpuUsage();
const transport = nodemailer.createTransport({
  host: "127.0.0.1",
  port: Number(port),
  pool: true,
  maxConnections: Number(connections),
  maxMessages: Infinity,
  ignoreTLS: true,
});
let accepted = 0;
await Promise.all(
  Array.from({ length: Number(count) }, async (_, number) => {
    const info = await transport.sendMail({
      from: sender,
      to: `reader-${number}@inbox.example`,
      subject: subject.replace("NUMBER", number),
      text: text.replace("NUMBER", number),
      html: html.replace("NUMBER", number),
    });
    accepted += info.accepted.length;
  }),
);
transport.close();
const { user, system } = process.cpuUsage(before);
const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
console.log(JSON.stringify({ accepted, seconds, cpu_s: (user + system) / 1e6 }));
process.exit(0);

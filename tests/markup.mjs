// Reads pages as lines of JSON strings, and answers each with a line: what html-validate has against it.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const require = createRequire(process.argv[2]);
const { HtmlValidate } = require("html-validate");

const checker = new HtmlValidate({
  root: true,
  extends: ["html-validate:recommended"],
  rules: JSON.parse(process.argv[3]),
});

for await (const line of createInterface({ input: process.stdin })) {
  const report = await checker.validateString(JSON.parse(line));
  const said = report.results.flatMap((result) =>
    result.messages.map((one) => `line ${one.line}: ${one.ruleId}: ${one.message}`),
  );
  process.stdout.write(`${JSON.stringify(said)}\n`);
}

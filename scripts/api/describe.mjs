// describe.mjs NODE FILE: fetches a node's description of its API into FILE, and has Redocly check it: structure by
// OpenAPI 3.1, references, names that are used twice, parameters of paths, and every example by its schema.
import { writeFile } from "node:fs/promises";
import { createConfig, lint } from "@redocly/openapi-core";

const [node, file] = process.argv.slice(2);
const answer = await fetch(`${node}/api/v1/openapi.json`);
if (answer.status !== 200) throw new Error(`the description: ${answer.status}`);
await writeFile(file, await answer.text());
const config = await createConfig({
    extends: ["recommended-strict"],
    rules: {
        // Probes are answered whatever is asked.
        "operation-4xx-response": "off",
        // What becomes a WebSocket is answered by 101.
        "operation-2xx-response": "off",
        // A method that a path does not have is no operation of it, so nothing refers to its answer.
        "no-unused-components": "off",
    },
});
const problems = await lint({ ref: file, config });
for (const { ruleId, message, location } of problems) {
    console.error(`${ruleId}: ${message} at ${location[0]?.pointer}`);
}
if (problems.length > 0) process.exit(1);
console.log("the description is one of OpenAPI 3.1");

// describe.mjs ADDRESS FILE: writes the types of what an OpenAPI description says. A number that is not whole is a
// `Decimal`, which is never a float.
import { writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const [address, file] = process.argv.slice(2);
const description = await (await fetch(address)).json();
const decimal = ts.factory.createTypeReferenceNode("Decimal");
const nothing = ts.factory.createLiteralTypeNode(ts.factory.createNull());

// Every problem is a `Problem`, and examples are for people.
for (const operations of Object.values(description.paths)) {
  for (const operation of Object.values(operations)) {
    for (const status of Object.keys(operation.responses ?? {})) if (!/^2/.test(status)) delete operation.responses[status];
  }
}
const isExample = (key) => key === "example" || key === "examples";
const plain = JSON.parse(JSON.stringify(description, (key, value) => isExample(key) ? undefined : value));

const types = await openapiTS(plain, {
  emptyObjectsUnknown: true,
  rootTypes: true,
  rootTypesNoSchemaPrefix: true,
  transform(schema) {
    const kinds = [schema.type].flat();
    if (!kinds.includes("number") || schema.enum) return undefined;
    return kinds.includes("null") ? ts.factory.createUnionTypeNode([decimal, nothing]) : decimal;
  },
});
const head = "// Made of the API's description by scripts/portal/api.sh: not to be changed by hand.\n\n"
  + 'import type { Decimal } from "../format/decimal";\n\n';
await writeFile(file, head + astToString(types));

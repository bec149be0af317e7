// describe.mjs ADDRESS FILE: writes the types of what an OpenAPI description says. A number that is not whole is a
// `Decimal`, which is never a float.
import { writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const [address, file] = process.argv.slice(2);
const description = await (await fetch(address)).json();
const decimal = ts.factory.createTypeReferenceNode("Decimal");
const nothing = ts.factory.createLiteralTypeNode(ts.factory.createNull());
const types = await openapiTS(description, {
  emptyObjectsUnknown: true,
  transform(schema) {
    const kinds = [schema.type].flat();
    if (!kinds.includes("number") || schema.enum) return undefined;
    return kinds.includes("null") ? ts.factory.createUnionTypeNode([decimal, nothing]) : decimal;
  },
});
const head = "// Made of the API's description by scripts/portal/api.sh: not to be changed by hand.\n\n"
  + 'import type { Decimal } from "../format/decimal";\n\n';
await writeFile(file, head + astToString(types));

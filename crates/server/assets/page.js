// Shows the description that this server gives of itself.
const element = (name, content = [], attributes = {}) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...[content].flat());
  return made;
};

// Texts have `code` in backticks.
const text = (words = "") =>
  words.split("`").map((part, at) => (at % 2 ? element("code", part) : part));

const table = (caption, heads, rows) => {
  const row = (cells, name) => element("tr", cells.map((cell) => element(name, cell)));
  return element("table", [
    element("caption", caption),
    element("thead", row(heads, "th")),
    element("tbody", rows.map((cells) => row(cells, "td"))),
  ]);
};

const show = (api) => {
  const resolve = (value) =>
    value && value.$ref
      ? resolve(value.$ref.split("/").slice(1).reduce((at, step) => at[step], api))
      : value;
  // A schema in place, each name resolved once on the way down.
  const plain = (schema, seen = []) => {
    if (schema === null || typeof schema !== "object") return schema;
    if (schema.$ref) {
      if (seen.includes(schema.$ref)) return schema.$ref;
      return plain({ ...resolve(schema), ...schema, $ref: undefined }, [...seen, schema.$ref]);
    }
    if (Array.isArray(schema)) return schema.map((item) => plain(item, seen));
    return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, plain(value, seen)]));
  };
  const schema = (content) =>
    Object.entries(content ?? {}).map(([type, { schema }]) =>
      element("details", [
        element("summary", element("code", type)),
        element("pre", JSON.stringify(plain(schema), null, 2)),
      ]),
    );

  document.getElementById("about").append(...text(api.info.description));
  const contents = document.getElementById("contents");
  const main = document.getElementById("operations");
  for (const tag of api.tags) {
    main.append(element("h2", tag.name), element("p", text(tag.description)));
    const links = element("ul");
    contents.append(element("h2", tag.name), links);
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (!operation.tags.includes(tag.name)) continue;
        const id = operation.operationId;
        links.append(element("li", element("a", operation.summary, { href: `#${id}` })));
        const parts = [
          element("h3", [element("span", method, { class: "method" }), element("code", path)]),
          element("p", element("strong", operation.summary)),
          element("p", text(operation.description)),
        ];
        if (operation.security?.length === 0) parts.push(element("p", "Open: needs no key."));
        const parameters = (operation.parameters ?? []).map(resolve);
        if (parameters.length > 0) {
          const rows = parameters.map((one) => {
            const { enum: words, type = "string", minimum, maximum, default: usual } = plain(one.schema);
            const kind = [words ? words.join(" | ") : type];
            if (minimum !== undefined) kind.push(` from ${minimum}`);
            if (maximum !== undefined) kind.push(` to ${maximum}`);
            if (usual !== undefined) kind.push(`, default ${usual}`);
            return [element("code", one.name), one.in, kind.join(""), text(one.description)];
          });
          parts.push(table("Parameters", ["name", "in", "value", "meaning"], rows));
        }
        const body = resolve(operation.requestBody);
        if (body) parts.push(element("h4", "Body"), ...schema(body.content));
        parts.push(element("h4", "Answers"));
        for (const [status, given] of Object.entries(operation.responses)) {
          const answer = resolve(given);
          parts.push(element("p", [element("code", status), " ", ...text(answer.description)]));
          parts.push(...schema(answer.content));
        }
        main.append(element("section", parts, { id }));
      }
    }
  }
};

fetch("/api/v1/openapi.json")
  .then((answer) => answer.json())
  .then(show)
  .catch((error) => document.getElementById("operations").append(`No description: ${error}`));

// Draws /openapi.json: each operation with its parameters, body and answers. Text goes into the
// page as text, never as markup.
"use strict";

const main = document.getElementById("main");
const state = document.getElementById("state");

function make(parent, tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  parent.append(element);
  return element;
}

function resolve(api, thing) {
  if (!thing || !thing.$ref) return thing;
  return thing.$ref.slice(2).split("/").reduce((place, key) => place[key], api);
}

function typeOf(schema) {
  let text = "const" in schema ? JSON.stringify(schema.const) : [].concat(schema.type || "any").join(" or ");
  if (schema.enum) text = schema.enum.join(" | ");
  if (schema.format) text += " (" + schema.format + ")";
  if (schema.minimum !== undefined) text += " from " + schema.minimum;
  if (schema.maximum !== undefined) text += " to " + schema.maximum;
  return text;
}

function table(parent, rows) {
  const body = make(make(parent, "table"), "tbody");
  for (const [first, ...rest] of rows) {
    const row = make(body, "tr");
    make(make(row, "th", undefined, { scope: "row" }), "code", first);
    for (const text of rest) make(row, "td", text);
  }
}

function drawSchema(api, parent, given) {
  const schema = resolve(api, given);
  if (schema.description) make(parent, "p", schema.description);
  const required = schema.required || [];
  if (schema.properties) {
    table(parent, Object.entries(schema.properties).map(([name, field]) => {
      const one = resolve(api, field);
      return [name, typeOf(one), (required.includes(name) ? "" : "optional. ") + (one.description || "")];
    }));
  }
  for (const example of schema.examples || []) make(parent, "pre", JSON.stringify(example, null, 2));
}

function drawOperation(api, path, method, operation) {
  const box = make(main, "details", undefined, { id: operation.operationId });
  const title = make(box, "summary");
  make(title, "span", method.toUpperCase(), { class: "method" });
  make(title, "code", path);
  title.append(" " + operation.summary);
  const body = make(box, "div");
  if (operation.description) make(body, "p", operation.description);
  if (operation.parameters) {
    make(body, "h3", "Parameters");
    table(body, operation.parameters.map((one) => [one.name, one.in, typeOf(one.schema), one.description || ""]));
  }
  if (operation.requestBody) {
    make(body, "h3", "Body");
    for (const [type, content] of Object.entries(operation.requestBody.content)) {
      make(make(body, "p"), "code", type);
      drawSchema(api, body, content.schema);
    }
  }
  make(body, "h3", "Answers");
  table(body, Object.entries(operation.responses).map(([status, given]) => {
    const answer = resolve(api, given);
    return [status, answer.description, Object.keys(answer.content || {}).join(", ")];
  }));
}

function draw(api) {
  main.replaceChildren();
  make(main, "h1", api.info.title);
  make(main, "p", "version " + api.info.version);
  make(main, "p", api.info.description);
  const link = make(make(main, "p"), "a", "/openapi.json", { href: "/openapi.json" });
  link.rel = "alternate";
  for (const tag of api.tags) {
    make(main, "h2", tag.name);
    make(main, "p", tag.description);
    for (const [path, methods] of Object.entries(api.paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        if (operation.tags.includes(tag.name)) drawOperation(api, path, method, operation);
      }
    }
  }
  const wanted = location.hash && document.getElementById(location.hash.slice(1));
  if (wanted) wanted.open = true;
}

fetch("/openapi.json").then((answer) => {
  if (answer.status === 401) throw new Error("the gateway wants its token: sign in on the live page (/) first");
  if (!answer.ok) throw new Error("the gateway says " + answer.status);
  return answer.json();
}).then(draw).catch((error) => { state.textContent = "No description: " + error.message; });

// The API's description as forms that can be sent. All text goes in as text, never as HTML.

const make = (name, values = {}, ...inside) => {
  const element = Object.assign(document.createElement(name), values);
  element.append(...inside);
  return element;
};

const tokenField = document.querySelector("#token input");

function resolve(api, schema) {
  return schema?.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : (schema ?? {});
}

function field(name, schema, required) {
  let input;
  if (schema.format === "binary") input = make("input", { type: "file", accept: "image/*" });
  else if (schema.enum) input = make("select", {}, ...(required ? [] : [make("option", { value: "" })]), ...schema.enum.map((one) => make("option", { value: one }, one)));
  else if (schema.type === "boolean") input = make("input", { type: "checkbox", value: "true" });
  else if (schema.type === "integer" || schema.type === "number") input = make("input", { type: "number" });
  else input = make("textarea", { rows: 2 });
  Object.assign(input, { name, required });
  if (schema.default !== undefined && schema.type !== "boolean") input.value = schema.default;
  return make("label", {}, name + (required ? " *" : ""), make("small", {}, schema.description ?? ""), input);
}

function formOf(api, path, method, operation) {
  const schema = resolve(api, operation.requestBody?.content["multipart/form-data"]?.schema);
  const fields = Object.entries(schema.properties ?? {}).map(([name, one]) => field(name, resolve(api, one), schema.required?.includes(name) ?? false));
  const output = make("pre", { hidden: true });
  const form = make("form", {}, ...fields, make("button", { type: "submit" }, "Send"), output);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    output.hidden = false;
    output.textContent = "…";
    try {
      await send(form, path, method, output);
    } catch (error) {
      output.textContent = `No answer: ${error.message}`;
    }
  });
  return form;
}

async function send(form, path, method, output) {
  const began = performance.now();
  const headers = tokenField.value ? { Authorization: `Bearer ${tokenField.value}` } : {};
  const body = method === "post" ? new FormData(form) : undefined;
  const answer = await fetch(path.slice(1), { method: method.toUpperCase(), headers, body });
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
    output.textContent = `${answer.status} …\n\n${text}`;
  }
  const type = answer.headers.get("Content-Type") ?? "";
  const shown = type.startsWith("application/json") ? JSON.stringify(JSON.parse(text), null, 2) : text;
  output.textContent = `${answer.status} ${type}, ${Math.round(performance.now() - began)} ms\n\n${shown}`;
}

function section(api, path, method, operation) {
  const answers = Object.entries(operation.responses).map(([status, one]) => {
    const types = Object.keys(one.content ?? {}).join(", ");
    return make("tr", {}, make("td", {}, status), make("td", {}, one.description.replaceAll("`", "")), make("td", {}, types));
  });
  const title = make("summary", {}, make("span", { className: "method" }, method), make("span", { className: "path" }, path), operation.summary);
  return make("details", { open: path === "/ocr" }, title, formOf(api, path, method, operation), make("table", {}, make("tbody", {}, ...answers)));
}

async function start() {
  const main = document.getElementById("operations");
  try {
    const [api, config] = await Promise.all(["openapi.json", "config.json"].map(async (path) => (await fetch(path)).json()));
    tokenField.closest("label").hidden = !config.auth;
    const parts = Object.entries(api.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, one]) => section(api, path, method, one)));
    main.replaceChildren(...parts);
  } catch (error) {
    main.replaceChildren(make("p", {}, `The description cannot be loaded: ${error.message}`));
  }
}

start();

// Shows the OpenAPI document that lies beside this page, wherever a proxy puts both.
const base = new URL("../", document.currentScript.src);

window.addEventListener("DOMContentLoaded", () => {
  window.SwaggerUIBundle({
    url: new URL("openapi.json", base).href,
    dom_id: "#reference",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    validatorUrl: null,
    onComplete: () => document.getElementById("reference").removeAttribute("aria-busy"),
  });
});

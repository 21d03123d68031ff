// Reads {mathjax, tex, formulas: [[tex, display], ...]} as JSON, and writes {results: [{html} or
// {error}, ...], css}: the style sheet that these formulas need. See typeset.py.
const { readFileSync } = require("fs");

const { mathjax, tex, formulas } = JSON.parse(readFileSync(0, "utf8"));
const raise = (_, error) => { throw error; };
// Without these, what MathJax does not know is set in red, or looked for on the network.
const lenient = ["noundefined", "noerrors", "autoload", "require"];

require(`${mathjax}/node-main.js`).init({
  loader: { paths: { mathjax }, load: ["input/tex", "output/chtml", "a11y/assistive-mml"] },
  tex: { ...tex, packages: { "[-]": lenient }, formatError: raise },
  chtml: { fontURL: "math", matchFontHeight: false },
}).then((MathJax) => {
  const adaptor = MathJax.startup.adaptor;
  const typeset = ([formula, display]) => {
    try {
      return { html: adaptor.outerHTML(MathJax.tex2chtml(formula, { display })) };
    } catch (error) {
      return { error: error.message };
    }
  };
  const results = formulas.map(typeset);
  const css = adaptor.textContent(MathJax.chtmlStylesheet());
  process.stdout.write(JSON.stringify({ results, css }));
});

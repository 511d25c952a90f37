// @vitest-environment jsdom
import { expect, it } from "vitest";
import { assembled } from "./assembled";

const file = (filename: string, content: string) => ({ filename, content });

it("a page holds what it refers to in the project, and refers to nothing else of it", () => {
  const files = [
    file(
      "site/index.html",
      '<link rel="stylesheet" href="style.css"><script src="../app.js"></script>' +
        '<img src="a%20b.svg"><script src="missing.js"></script><p>é</p>',
    ),
    file("site/style.css", "p { color: red }"),
    file("app.js", 'document.title = "</script>";'),
    file("site/a b.svg", "<svg/>"),
  ];
  const html = assembled(files, "site/index.html");
  expect(html).toContain("<style>p { color: red }</style>");
  expect(html).toContain('<script>document.title = "<\\/script>";</script>');
  expect(html).toContain('src="data:image/svg+xml,%3Csvg%2F%3E"');
  expect(html).toContain('src="missing.js"');
  expect(html).toContain("<p>é</p>");
});

it("no file ends the element that holds it", () => {
  const files = [
    file("index.html", '<link rel="stylesheet" href="a.css">'),
    file("a.css", "</style><script>alert(1)</script>"),
  ];
  const page = new DOMParser().parseFromString(assembled(files, "index.html"), "text/html");
  expect(page.querySelectorAll("script")).toHaveLength(0);
});

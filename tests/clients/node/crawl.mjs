// Goes wherever the pages of the console lead, a few of each shape.

const WORD = /^[a-z]+(-[a-z]+)*$/;

// Pages of one shape differ in what they are about: ids become a star, parameters keep their names.
export function shape(path) {
  const url = new URL(path, "https://any");
  const words = url.pathname.split("/").map((word) => (word === "" || WORD.test(word) ? word : "*"));
  const names = [...new Set(url.searchParams.keys())].sort();
  return words.join("/") + (names.length > 0 ? `?${names.join("&")}` : "");
}

// Where the page that is open leads with a GET: its links, its frames, and its forms as they stand.
function ways() {
  const links = [...document.querySelectorAll("a[href]:not([download]), iframe[src]")].map((one) => one.href || one.src);
  const forms = [...document.querySelectorAll("form:not([method=post])")].map((form) => {
    // A field may be called "action", and then form.action is that field.
    const url = new URL(form.getAttribute("action") ?? "", document.baseURI);
    url.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));
    return url.href;
  });
  return [...links, ...forms];
}

// Opens a page. What is no page but a file to keep is asked for and not shown; `undefined` then.
async function opened(page, url) {
  try {
    return await page.goto(url);
  } catch (error) {
    if (!/Download is starting|ERR_ABORTED/.test(error.message)) throw error;
    const file = await page.context().request.get(url);
    if (!file.ok()) throw new Error(`${url} is to be kept and answers ${file.status()}`, { cause: error });
    return undefined;
  }
}

// Visits `seeds` and all below them, at most `many` pages of a shape and `most` at all; `look` is told path, shape and the
// answer. Gives how many of each shape there were.
export async function crawl(page, base, seeds, look, { many = 3, most = 400 } = {}) {
  const [queue, seen, shapes] = [[...seeds], new Set(seeds), new Map()];
  let visited = 0;
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    const of = shape(path);
    const before = shapes.get(of) ?? 0;
    if (before >= many) continue;
    if (++visited > most) throw new Error(`more than ${most} pages, the last at ${path}: ${[...shapes.keys()].join(" ")}`);
    shapes.set(of, before + 1);
    const reply = await opened(page, base + path);
    if (!reply || !(reply.headers()["content-type"] ?? "").startsWith("text/html")) continue;
    await look({ path, shape: of, reply });
    for (const href of await page.evaluate(ways)) {
      const url = URL.canParse(href) ? new URL(href) : undefined;
      const next = url ? url.pathname + url.search : "";
      if (url?.origin !== base || !/^\/console(\/|$)/.test(next) || seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return shapes;
}

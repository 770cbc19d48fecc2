// A slider over the points of a loan's history, beside the list of them. Without a script the list does the same.

const form = document.querySelector("form[data-slider]");
const from = form?.querySelector("select[name=from]");

if (from && from.options.length > 1) {
  const field = document.createElement("div");
  field.className = "field slider";
  const label = document.createElement("label");
  label.htmlFor = "slider";
  label.textContent = form.dataset.slider;
  const range = document.createElement("input");
  Object.assign(range, { id: "slider", type: "range", min: 0, max: from.options.length - 1, step: 1 });
  const output = document.createElement("output");
  output.htmlFor = "slider";
  field.append(label, range, output);
  form.prepend(field);

  // The list has the newest first; on the slider time goes from left to right.
  const place = (index) => from.options.length - 1 - index;
  const tell = () => {
    const text = from.options[from.selectedIndex]?.text ?? "";
    output.textContent = text;
    range.setAttribute("aria-valuetext", text);
  };
  range.value = place(from.selectedIndex);
  tell();

  let waiting;
  let last = 0;
  const show = async () => {
    const mine = (last += 1);
    const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
    const answer = await fetch(`${address}&only=differences`, { credentials: "same-origin" }).catch(() => null);
    // Signed out, or something is wrong: the page itself says what.
    if (!answer?.ok || answer.redirected) return void location.assign(address);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("differences");
    if (mine !== last) return;
    if (!found?.firstElementChild) return void location.assign(address);
    document.getElementById("differences").replaceWith(found);
    history.replaceState(null, "", address);
  };
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 250);
  };
  range.addEventListener("input", () => {
    from.selectedIndex = place(Number(range.value));
    tell();
    soon();
  });
  from.addEventListener("change", () => {
    range.value = place(from.selectedIndex);
    tell();
    soon();
  });
}

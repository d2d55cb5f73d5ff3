// (role, name, exact) -> elements shown now that may have this role and name. It may return too many, never too few:
// the engine's own computed role and name decide. What the role does not narrow, the name does.
const [role, name, exact] = arguments;
const NATIVE = {
  button: "button, summary, input[type=button], input[type=submit], input[type=reset]",
  link: "a[href], area[href]",
  textbox: "textarea, input:not([type]), input[type=text], input[type=url], input[type=email], input[type=tel], input[type=password], [contenteditable]",
  searchbox: "input[type=search]",
  spinbutton: "input[type=number]",
  slider: "input[type=range]",
  checkbox: "input[type=checkbox]",
  switch: "input[type=checkbox]",
  radio: "input[type=radio]",
  combobox: "select, input[list]",
  listbox: "select",
  option: "option",
  list: "ul, ol, menu",
  listitem: "li",
  heading: "h1, h2, h3, h4, h5, h6",
  dialog: "dialog",
  img: "img, svg",
  image: "img, svg",
  navigation: "nav",
  main: "main",
  complementary: "aside",
  banner: "header",
  region: "section",
  group: "fieldset, details, optgroup",
  form: "form",
  status: "output",
  meter: "meter",
  progressbar: "progress",
  paragraph: "p",
  Video: "video",
};
const selector = [`[role~="${role}"]`, NATIVE[role]].filter(Boolean).join(", ");
const clean = (text) => (text || "").replace(/\s+/g, " ").trim();
const mayBeNamed = (element) => {
  if (!name) return true;
  // Rough and generous: every source of a name that accname 1.2 knows, each tested for the wanted text.
  const ids = (element.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean);
  const texts = [
    element.getAttribute("aria-label"),
    ...ids.map((id) => document.getElementById(id)?.textContent),
    ...[...(element.labels || [])].map((label) => label.textContent),
    element.textContent,
    element.getAttribute("title"),
    element.getAttribute("alt"),
    element.getAttribute("placeholder"),
    element.value && String(element.value),
    element.closest("fieldset")?.querySelector("legend")?.textContent,
    ...[...element.querySelectorAll("[aria-label], [alt], [title]")].map((inner) =>
      ["aria-label", "alt", "title"].map((key) => inner.getAttribute(key) || "").join(" ")),
  ].map(clean);
  if (texts.some((text) => text.includes(name))) return true;
  // A name put together of several pieces: any word of it.
  return exact && name.split(/\s+/).every((word) => texts.some((text) => text.includes(word)));
};
return [...document.querySelectorAll(selector)]
  .filter((element) => element.checkVisibility({ visibilityProperty: true }))
  .filter((element) => !element.closest("[aria-hidden=true], [inert]"))
  .filter(mayBeNamed)
  .slice(0, 40);

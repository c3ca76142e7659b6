/** What every face has around its pages: where one is, the way between them, light or dark, and past all of it by keyboard. */

import { effect, signal } from "@preact/signals";
import { type ComponentChildren, render } from "preact";
import { useLayoutEffect } from "preact/hooks";

const THEME = "ringfence theme";
const system = matchMedia("(prefers-color-scheme: dark)");
/** What was chosen here; else what the system has, also when that changes. */
const theme = signal(localStorage.getItem(THEME) ?? nameTheme(system.matches));

/** The fragment of the address, from when the face is shown. */
export const place = signal("#/");

/** Whoever has just arrived begins at the top; whoever moved on, at the new heading. */
let hasMoved = false;

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});
system.addEventListener("change", () => {
  theme.value = localStorage.getItem(THEME) ?? nameTheme(system.matches);
});
addEventListener("hashchange", () => {
  hasMoved = true;
  look();
});

interface Around {
  /** Path and name of each page that there is a way to. */
  pages: readonly (readonly [string, string])[];
  /** Which of them this is, or is below. */
  current: string;
  title: string;
  status?: ComponentChildren;
  notice?: ComponentChildren;
  children: ComponentChildren;
  footer: string;
}

export function Frame({ pages, current, title, status, notice, children, footer }: Around) {
  useLayoutEffect(() => {
    if (hasMoved) document.querySelector<HTMLElement>("h1")?.focus();
    document.title = title;
  }, [place.value]);
  return (
    <>
      <a class="skip" href="#content" onClick={skip}>
        To the content
      </a>
      <header>
        <span class="brand">
          <img src="./icon.svg" alt="" width="22" height="22" /> Ringfence
        </span>
        <nav aria-label="Pages">
          {pages.map(([path, name]) => (
            <a key={path} href={path} aria-current={path === current ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        {status}
        <button aria-pressed={theme.value === "dark"} onClick={switchTheme}>
          Dark
        </button>
      </header>
      {notice}
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <footer>{footer}</footer>
    </>
  );
}

/** Put a face where its document has a place for it. */
export function show(id: string, face: ComponentChildren): void {
  look();
  const root = document.getElementById(id);
  root?.replaceChildren();
  if (root) render(face, root);
}

function look(): void {
  place.value = location.hash || "#/";
}

function nameTheme(isDark: boolean): string {
  return isDark ? "dark" : "light";
}

function switchTheme(): void {
  theme.value = nameTheme(theme.value !== "dark");
  localStorage.setItem(THEME, theme.value);
}

function skip(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("main")?.focus();
}

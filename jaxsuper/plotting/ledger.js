"use strict";
// Filters the claims. What the address asks for, "?tier=science&search=overlap", is set at first.
const form = document.querySelector("form");
const controls = [...form.elements].filter((control) => control.name);
const articles = [...document.querySelectorAll("article")];
const lines = new Map([...document.querySelectorAll("[data-of]")].map((li) => [li.dataset.of, li]));
const texts = new Map(articles.map((article) => [article, article.textContent.toLowerCase()]));

function fits(article, { tier, verdict, subject, search }) {
  const off = verdict === "not as expected";
  return (!tier || article.dataset.tier === tier)
    && (!subject || article.dataset.subject === subject)
    && (!verdict || (off ? "off" in article.dataset : article.dataset.verdict === verdict))
    && search.toLowerCase().split(/\s+/).every((word) => texts.get(article).includes(word));
}

function filter() {
  const wanted = Object.fromEntries(controls.map((control) => [control.name, control.value]));
  for (const article of articles) {
    article.hidden = !fits(article, wanted);
    lines.get(article.id).hidden = article.hidden;
  }
  for (const section of document.querySelectorAll("section")) {
    section.hidden = !section.querySelector("article:not([hidden])");
  }
  const shown = articles.filter((article) => !article.hidden).length;
  form.querySelector("output").textContent = `${shown} of ${articles.length} claims`;
}

const asked = new URLSearchParams(location.search);
for (const control of controls) control.value = asked.get(control.name) ?? "";
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
filter();

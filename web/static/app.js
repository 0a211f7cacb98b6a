// Small helps for every page: ask before what cannot be undone, close the account menu.
"use strict";

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

const menu = document.querySelector("details.me");
if (menu) {
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

// A form that must not be sent twice (the server would make one call of it anyway).
document.addEventListener("submit", (event) => {
  if ("once" in event.target.dataset && !event.defaultPrevented) {
    for (const button of event.target.querySelectorAll("button")) button.disabled = true;
  }
});

// The last part of every page's script: all went well, and the page need not say that it is late.
document.documentElement.classList.add("app-ready");

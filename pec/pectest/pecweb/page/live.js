(() => {
  const state = document.getElementById("live");
  let news, busy = false, again = false;
  async function refresh() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) return;
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const old of document.querySelectorAll("[data-live]")) {
        const now = next.getElementById(old.id);
        if (!now || now.innerHTML === old.innerHTML) continue;
        const at = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
        old.replaceChildren(...now.childNodes);
        if (at) [...old.querySelectorAll("a")].find(a => a.getAttribute("href") === at)?.focus();
      }
    } catch { /* the next change tries again */ } finally {
      busy = false;
      if (again) { again = false; refresh(); }
    }
  }
  function listen() {
    if (document.hidden) { news?.close(); news = null; return; }
    if (news) return;
    news = new EventSource("/changes");
    news.onopen = () => { state.textContent = "This page keeps itself up to date."; refresh(); };
    news.onmessage = refresh;
    news.onerror = () => { state.textContent = "The network cannot be reached: this page may be old."; };
  }
  document.addEventListener("visibilitychange", listen);
  listen();
})();

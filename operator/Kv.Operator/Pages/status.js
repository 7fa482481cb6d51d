'use strict';
// What the page does when scripts may run: it is refreshed part by part as the operator tells of changes, and times are
// shown as how long ago they are. Without it the page reloads itself.
(() => {
  const parts = document.getElementById('parts');
  const live = document.getElementById('live');
  const news = document.getElementById('news');
  const retryMs = 15000;
  const agesMs = 10000;
  const units = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'long' });

  function showAges() {
    for (const time of document.querySelectorAll('time')) {
      time.title ||= time.textContent;
      const seconds = Math.round((Date.parse(time.dateTime) - Date.now()) / 1000);
      const [unit, size] = units.find(each => Math.abs(seconds) >= each[1]) ?? units[3];
      time.textContent = relative.format(Math.trunc(seconds / size), unit);
    }
  }

  function partsById() {
    return new Map([...parts.children].map(part => [part.dataset.part, part]));
  }

  // What is open stays open, and who has the keyboard keeps it.
  function replace(old, fresh) {
    for (const details of old.querySelectorAll('details[open]')) {
      const same = [...fresh.querySelectorAll('details')].find(each => each.id === details.id);
      if (same) same.open = true;
    }
    const focused = old.contains(document.activeElement) ? document.activeElement.id : '';
    const scrolled = [...old.querySelectorAll('.scroll')].map(each => [each.id, each.scrollLeft]);
    old.replaceWith(fresh);
    for (const [id, left] of scrolled) {
      const same = document.getElementById(id);
      if (same) same.scrollLeft = left;
    }
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  function update({ order, changed }) {
    const known = partsById();
    const said = [];
    for (const html of changed) {
      const template = document.createElement('template');
      template.innerHTML = html;
      const fresh = template.content.firstElementChild;
      const old = known.get(fresh.dataset.part);
      if (old?.dataset.mark === fresh.dataset.mark) continue;
      known.set(fresh.dataset.part, fresh);
      if (old?.dataset.news !== fresh.dataset.news) said.push(`${fresh.dataset.part}: ${fresh.dataset.news}`);
      if (old) replace(old, fresh);
    }
    order.forEach((id, place) => {
      const part = known.get(id);
      if (part && parts.children[place] !== part) parts.insertBefore(part, parts.children[place] ?? null);
    });
    while (parts.children.length > order.length) parts.lastElementChild.remove();
    if (said.length > 0) news.textContent = said.join('. ');
    showAges();
  }

  function connect() {
    const source = new EventSource('events');
    source.onopen = () => { live.textContent = 'Live'; };
    source.addEventListener('parts', event => update(JSON.parse(event.data)));
    source.onerror = () => {
      live.textContent = 'Not live: trying again';
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, retryMs);
    };
  }

  showAges();
  setInterval(showAges, agesMs);
  connect();
})();

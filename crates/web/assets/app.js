// Keys, the palette and soft marks. Pages work without it: it adds ways to reach what links and forms reach too.
'use strict';
(() => {
    const byId = (id) => document.getElementById(id);
    document.documentElement.classList.add('runs');
    const palette = byId('palette'), help = byId('keys'), found = byId('found'), line = byId('palette-line');

    // What was typed stays where a page renews itself: the server's new default must not replace it.
    htmx.registerExtension('keep-typed', {
        htmx_before_morph_attr: (field, { attrName }) =>
            !(attrName === 'value' && field.type !== 'hidden' && 'defaultValue' in field && field.value !== field.defaultValue) &&
            !(attrName === 'class' && field.classList.contains('fresh')),
    });

    // News of the shop. A page that nobody sees lets its stream go, because a browser opens few connections to a server; seen
    // again, it says how far it was told, and hears at once what it missed.
    const live = byId('live');
    const AGAIN_MS = 500, SELDOM_MS = 30000;
    let news, timer, told = live && live.dataset.after, pause = AGAIN_MS;
    const leave = () => {
        clearTimeout(timer);
        if (news) news.close();
        news = null;
        live.removeAttribute('data-listens');
    };
    const listen = () => {
        leave();
        if (document.hidden) return;
        let heard = false;
        news = new EventSource(`${live.dataset.news}&after=${told}`);
        news.addEventListener('open', () => {
            heard = true;
            live.setAttribute('data-listens', '');
            pause = AGAIN_MS;
        });
        news.addEventListener('changed', ({ lastEventId }) => {
            told = lastEventId || told;
            htmx.trigger(live, 'changed');
        });
        news.addEventListener('error', () => {
            leave();
            // Refused: the page asks for itself, and is led to the sign-in page if that is why.
            if (!heard && pause === AGAIN_MS) htmx.trigger(live, 'changed');
            timer = setTimeout(listen, pause * (0.75 + Math.random() / 2));
            pause = Math.min(2 * pause, SELDOM_MS);
        });
    };
    if (live) {
        document.addEventListener('visibilitychange', listen);
        addEventListener('pagehide', leave);
        addEventListener('pageshow', ({ persisted }) => { if (persisted) listen(); });
        listen();
    }

    // A form in which somebody types stays when its act became impossible: marked, with what was typed, not to be sent.
    const isTyped = (field) => field.type !== 'hidden' && (field.tagName === 'SELECT'
        ? [...field.options].some((option) => option.selected !== option.defaultSelected && !(field.selectedIndex === 0 && option.index === 0))
        : 'defaultValue' in field && (field.value !== field.defaultValue || field.checked !== field.defaultChecked));
    document.addEventListener('htmx:before:swap', ({ detail }) => {
        for (const { fragment } of detail.tasks) {
            const acts = fragment && fragment.querySelector('.acts');
            if (!acts) continue;
            let before = acts.querySelector('h2');
            for (const act of document.querySelectorAll('.acts > details')) {
                const still = fragment.querySelector(`#${act.id}`);
                const form = act.querySelector('form');
                if (still) {
                    before = still;
                } else if ([...form.elements].some(isTyped) || form.contains(document.activeElement)) {
                    const kept = act.cloneNode(true);
                    if (!act.classList.contains('gone')) {
                        const last = [...fragment.querySelectorAll('.history > li')].pop();
                        const who = last ? [...last.querySelectorAll(':scope > p')].map((part) => part.textContent).join(' ') : '';
                        const told = document.createElement('p');
                        told.className = 'trouble';
                        told.setAttribute('role', 'alert');
                        told.textContent = `This can no longer be done. ${who} What you typed is kept.`;
                        kept.classList.add('gone');
                        kept.querySelector('form').prepend(told);
                        for (const button of kept.querySelectorAll('button')) button.disabled = true;
                    }
                    before.after(kept);
                    before = kept;
                }
            }
        }
    });

    // The list follows its search, and the address follows too, so that it can be kept and sent. That is no news to be marked.
    let searched = false;
    document.addEventListener('htmx:before:swap', ({ detail }) => {
        const field = detail.ctx && detail.ctx.sourceElement;
        if (!field || !field.matches || !field.matches('[data-searches]')) return;
        searched = true;
        const asked = new URLSearchParams([...new FormData(field.form)].filter(([, value]) => value.trim()));
        history.replaceState(null, '', `${field.form.getAttribute('action')}?${asked}`);
    });

    // One box for all of a page; one button for a text to take along.
    document.addEventListener('change', ({ target }) => {
        if (!target.matches('[data-chooses]')) return;
        for (const box of target.closest('table').querySelectorAll(`input[name=${target.dataset.chooses}]`)) box.checked = target.checked;
    });
    const COPIED_MS = 3000;
    document.addEventListener('click', async ({ target }) => {
        const button = target.closest && target.closest('[data-copies]');
        if (!button) return;
        const text = button.previousElementSibling;
        // Without HTTPS the clipboard may be out of reach: then the text is selected, for the browser's own command.
        const copied = await (navigator.clipboard ? navigator.clipboard.writeText(text.textContent) : Promise.reject()).then(() => true, () => false);
        if (!copied) getSelection().selectAllChildren(text);
        button.textContent = copied ? 'Copied' : 'Selected: copy with Ctrl C or ⌘ C';
        setTimeout(() => { button.textContent = 'Copy'; }, COPIED_MS);
    });

    // What a renewal changed is marked for a moment. Nothing else changes the main part.
    const FRESH_MS = 4000;
    const mark = (node) => {
        const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
        const part = element && element.closest('td, th, dd, li, p, .figure');
        if (!part || !part.isConnected || part.closest('form')) return;
        part.classList.add('fresh');
        setTimeout(() => part.classList.remove('fresh'), FRESH_MS);
    };
    const main = byId('main');
    if (main) {
        new MutationObserver((changes) => {
            if (searched) {
                searched = false;
                return;
            }
            for (const change of changes) {
                if (change.type === 'characterData') mark(change.target);
                for (const added of change.addedNodes) if (added.textContent.trim()) mark(added);
            }
        }).observe(main, { subtree: true, childList: true, characterData: true });
    }

    const open = (dialog) => { if (!dialog.open) dialog.showModal(); };
    const typing = (target) => target.closest && target.closest('input, textarea, select, [contenteditable]');
    const PLACES = { t: '/', o: '/orders', p: '/products', c: '/customers', r: '/reports', a: '/activity', m: '/notifications', s: '/status', n: '/orders/new' };
    const CHORD_MS = 1500;
    let went = 0;

    document.addEventListener('keydown', (event) => {
        if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
            event.preventDefault();
            open(palette);
            line.select();
            return;
        }
        if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector('dialog[open]')) return;
        if (Date.now() - went < CHORD_MS && PLACES[event.key]) {
            event.preventDefault();
            location.assign(PLACES[event.key]);
        } else if (event.key === '/') {
            event.preventDefault();
            const search = main.querySelector('input[name=text]') || byId('ask-line');
            search.focus();
            search.select();
        } else if (event.key === '?') {
            event.preventDefault();
            open(help);
        }
        went = event.key === 'g' ? Date.now() : 0;
    });

    // Arrows move between what was found and the line; Enter on a link follows it.
    palette.addEventListener('keydown', (event) => {
        if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
        event.preventDefault();
        const stops = [line, ...found.querySelectorAll('a')];
        const at = stops.indexOf(document.activeElement);
        const step = event.key === 'ArrowDown' ? 1 : -1;
        stops[(at + step + stops.length) % stops.length].focus();
    });
    for (const dialog of [palette, help]) {
        dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
    }
})();

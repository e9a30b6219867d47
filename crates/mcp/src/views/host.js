// Speaks with the assistant's program by MCP Apps 2026-01-26: JSON-RPC over postMessage. No network, no storage.
const host = (() => {
    const waiting = new Map();
    const hears = {};
    let next = 1;
    let context = {};
    let can = {};
    const send = (message) => parent.postMessage({ jsonrpc: '2.0', ...message }, '*');
    const ask = (method, params) =>
        new Promise((answered, failed) => {
            waiting.set(next, { answered, failed });
            send({ id: next++, method, params });
        });

    addEventListener('message', ({ source, data }) => {
        if (source !== parent || data?.jsonrpc !== '2.0') return;
        if (data.method === undefined) {
            const asked = waiting.get(data.id);
            waiting.delete(data.id);
            if (data.error) asked?.failed(new Error(data.error.message));
            else asked?.answered(data.result);
        } else if (data.id === undefined) {
            hears[data.method]?.(data.params ?? {});
        } else if (['ping', 'ui/resource-teardown'].includes(data.method)) {
            send({ id: data.id, result: {} });
        } else {
            send({ id: data.id, error: { code: -32601, message: `there is no method ${data.method} here` } });
        }
    });

    const dress = (given) => {
        context = { ...context, ...given };
        const root = document.documentElement;
        if (context.theme) root.style.colorScheme = context.theme;
        if (context.locale) root.lang = context.locale;
        for (const [name, value] of Object.entries(context.styles?.variables ?? {})) {
            if (value) root.style.setProperty(name, value);
        }
    };

    return {
        /// Calls `show(result, asked)` with every result; `asked` is what the tool was called with.
        async open(show) {
            let asked = {};
            hears['ui/notifications/tool-input'] = ({ arguments: given }) => (asked = given ?? {});
            hears['ui/notifications/tool-result'] = (result) => show(result, asked);
            hears['ui/notifications/tool-cancelled'] = () => draw(el('p', {}, 'The call was cancelled.'));
            hears['ui/notifications/host-context-changed'] = dress;
            const answer = await ask('ui/initialize', {
                protocolVersion: '2026-01-26',
                appInfo: { name: 'orderlog', version: '1' },
                appCapabilities: {},
            });
            can = answer.hostCapabilities ?? {};
            dress(answer.hostContext ?? {});
            send({ method: 'ui/notifications/initialized', params: {} });
            new ResizeObserver(() => {
                const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
                send({ method: 'ui/notifications/size-changed', params: { height } });
            }).observe(document.documentElement);
        },
        /// Whether tools can be called from here.
        get calls() {
            return can.serverTools !== undefined;
        },
        /// The tool's result. Names are written as this host lists them.
        call(name, given) {
            const dotted = context.toolInfo?.tool?.name.includes('.');
            return ask('tools/call', { name: dotted ? name : name.replaceAll('.', '_'), arguments: given });
        },
        /// The name of the tool that this view shows, with a dot.
        get tool() {
            return context.toolInfo?.tool?.name.replace('_', '.');
        },
        /// Tells the model what was done here, so that it does not speak of the past.
        tell(text) {
            if (can.updateModelContext) ask('ui/update-model-context', { content: [{ type: 'text', text }] }).catch(() => {});
        },
    };
})();

/// An element. Children that are text stay text, whatever somebody typed.
function el(name, attributes, ...children) {
    const svg = ['svg', 'rect', 'path', 'text', 'title', 'desc', 'line'].includes(name);
    const made = svg ? document.createElementNS('http://www.w3.org/2000/svg', name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
        else if (value !== undefined && value !== false) made.setAttribute(key, value);
    }
    made.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null));
    return made;
}

function draw(...children) {
    document.querySelector('main').replaceChildren(...children.flat(Infinity).filter(Boolean));
}

/// A table of the columns that some row fills: [[heading, cell of a row, whether it is a figure]].
function table(caption, columns, rows) {
    const filled = columns.filter(([, cell]) => rows.some((row) => cell(row) !== undefined));
    return el('div', { class: 'scroll' },
        el('table', {},
            el('caption', {}, caption),
            el('thead', {}, el('tr', {}, filled.map(([name, , figure]) => el('th', { scope: 'col', class: figure && 'figure' }, name)))),
            el('tbody', {}, rows.map((row) =>
                el('tr', {}, filled.map(([, cell, figure]) => el('td', { class: figure && 'figure' }, cell(row) ?? '')))))));
}

/// `partially_shipped` → `partially shipped`.
const words = (code) => String(code ?? '').replaceAll('_', ' ');

/// What a result says that is an error: the tools' own words.
function trouble(result) {
    const text = result.content?.[0]?.text ?? 'This could not be answered.';
    try {
        const { message, hint } = JSON.parse(text);
        return [message, hint].filter(Boolean).join(' ');
    } catch {
        return text;
    }
}

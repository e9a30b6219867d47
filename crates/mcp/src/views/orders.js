// The orders that orders.get_pending and orders.search answer: a table, and what can be done with a row.
host.open(function show(result, asked, said) {
    const answer = result.structuredContent;
    if (result.isError || !answer) return draw(el('p', { class: 'trouble' }, trouble(result)));
    const detail = el('section', { 'aria-live': 'polite' });
    const again = async (text) => {
        const name = host.tool === 'orders.search' ? 'orders.search' : 'orders.get_pending';
        show(await host.call(name, asked), asked, text);
    };
    const open = async (order_id) => {
        detail.replaceChildren(el('p', {}, 'One moment…'));
        try {
            const one = await host.call('orders.get', { order_id });
            if (one.isError) return detail.replaceChildren(el('p', { class: 'trouble' }, trouble(one)));
            const order = one.structuredContent.order;
            detail.replaceChildren(el('h2', {}, `Order #${order_id}`), el('p', {}, one.structuredContent.text), nextSteps(order, again));
            detail.scrollIntoView({ block: 'nearest' });
        } catch (error) {
            detail.replaceChildren(el('p', { class: 'trouble' }, error.message));
        }
    };
    const number = ({ order_id }) =>
        host.calls ? el('button', { class: 'link', onclick: () => open(order_id) }, `#${order_id}`) : `#${order_id}`;
    const rows = answer.orders ?? [];
    draw(
        said && el('p', { class: 'said', role: 'status' }, said),
        el('p', { class: 'lead' }, answer.text),
        detail,
        rows.length > 0 &&
            table(`${rows.length} of ${answer.total_count ?? rows.length}`, [
                ['Order', number],
                ['Placed', (row) => row.placed_on],
                ['Customer', (row) => row.customer],
                ['Status', (row) => row.status && el('span', { class: `status ${row.status}` }, words(row.status))],
                ['Products', (row) => row.products],
                ['Waits because', (row) => row.why],
                ['Days', (row) => row.days, true],
                ['Due', (row) => row.due, true],
                ['Total', (row) => row.total, true],
            ], rows),
    );
});

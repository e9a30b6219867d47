// One order, as orders.get answers it: lines, money, shipments, and its history as a timeline.
host.open(function show(result, asked, said) {
    const answer = result.structuredContent;
    if (result.isError || !answer?.order) return draw(el('p', { class: 'trouble' }, trouble(result)));
    const { order } = answer;
    // With `detail: "full"` money is an object.
    const money = (value) => value?.formatted ?? value;
    const totals = Object.entries(order.totals ?? {}).map(([name, value]) => [words(name), money(value)]);
    const also = [['paid', order.captured], ['refunded', order.refunded], ['due', order.due]];
    const sums = [...totals, ...also.map(([name, value]) => [name, money(value)])].filter(([, value]) => value !== undefined);
    const parts = (line) =>
        ['shipped', 'delivered', 'returned', 'cancelled', 'backordered']
            .filter((part) => line[part])
            .map((part) => `${line[part]} ${part}`)
            .join(', ') || undefined;
    const history = el('section', {});
    const again = async (text) => show(await host.call('orders.get', asked), asked, text);
    draw(
        said && el('p', { class: 'said', role: 'status' }, said),
        el('p', { class: 'lead' }, answer.text),
        // What the shop was like once cannot be changed.
        asked.as_of ? undefined : nextSteps(order, again),
        table('Lines', [
            ['Product', (line) => line.name],
            ['Units', (line) => line.ordered, true],
            ['Of these', parts],
            ['Each', (line) => money(line.unit_price), true],
            ['Net', (line) => money(line.net), true],
        ], order.lines ?? []),
        el('dl', {}, sums.map(([name, value]) => [el('dt', {}, name), el('dd', { class: 'figure' }, value)])),
        (order.shipments ?? []).length > 0 &&
            table('Shipments', [
                ['Shipped', (shipment) => moment(shipment.at)],
                ['Carrier', (shipment) => shipment.carrier],
                ['Tracking', (shipment) => shipment.tracking],
            ], order.shipments),
        history,
    );
    if (host.calls) tell(history, order.order_id, asked.as_of);
});

/// `2026-11-29T19:56:49+05:30` → `2026-11-29 19:56`, in the shop's zone as the server writes it.
function moment(at) {
    return at && el('time', { datetime: at, title: at }, at.slice(0, 16).replace('T', ' '));
}

async function tell(place, order_id, as_of) {
    try {
        const answer = await host.call('orders.history', as_of ? { order_id, as_of } : { order_id });
        if (answer.isError) return place.replaceChildren(el('p', { class: 'trouble' }, trouble(answer)));
        const acts = answer.structuredContent.acts ?? [];
        const who = (act) => [act.actor, act.agent].filter(Boolean).join(' through ');
        place.replaceChildren(
            el('h2', {}, 'History'),
            el('ol', { class: 'timeline' }, acts.map((act) =>
                el('li', {}, moment(act.occurred_at), el('span', {}, act.summary), el('small', {}, who(act))))),
        );
    } catch (error) {
        place.replaceChildren(el('p', { class: 'trouble' }, error.message));
    }
}

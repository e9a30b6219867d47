// The shop at a glance, as shop.briefing answers it.
host.open((result) => {
    const answer = result.structuredContent;
    if (result.isError || !answer) return draw(el('p', { class: 'trouble' }, trouble(result)));
    const card = (name, items) =>
        items?.length > 0 && el('section', { class: 'card' }, el('h2', {}, name), el('ul', {}, items.map((item) => el('li', {}, item))));
    const pending = Object.entries(answer.pending ?? {}).map(([status, orders]) => `${orders} ${words(status)}`);
    if (answer.on_hold) pending.push(`${answer.on_hold} on hold`);
    draw(
        el('p', { class: 'lead' }, answer.text),
        el('div', { class: 'cards' },
            [
                card('Sales', answer.sales),
                card('Pending orders', pending),
                card('Waiting longest', answer.waiting),
                card('Unpaid', answer.unpaid),
                card('Running low', answer.running_low),
                card('To pay back', answer.to_pay_back),
            ].filter(Boolean)),
    );
});

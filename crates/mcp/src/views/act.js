// Changes an order's status from a view: the next statuses → what would happen, in the tool's words → Yes.

/// Statuses that take something back are asked of the assistant, which shows what they cost.
const ASKED_ELSEWHERE = ['cancelled', 'returned'];

/// Buttons for where the order may go next. `done` is called once one of them was carried out.
function nextSteps(order, done) {
    const place = el('div', { class: 'steps', 'aria-live': 'polite' });
    const steps = (order.allowed_next ?? []).filter((status) => !ASKED_ELSEWHERE.includes(status));
    const offer = () =>
        place.replaceChildren(...steps.map((status) => el('button', { onclick: () => foresee(status) }, `Mark as ${words(status)}`)));
    const say = (text) => place.replaceChildren(el('p', { class: 'trouble' }, text), el('button', { onclick: offer }, 'Back'));
    const update = (more) => host.call('orders.update_status', { order_id: order.order_id, ...more });

    async function foresee(status) {
        place.replaceChildren(el('p', {}, 'One moment…'));
        try {
            const answer = await update({ status, dry_run: true });
            if (answer.isError) return say(trouble(answer));
            // One key for one press: pressed twice, it happens once.
            const key = `view-${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
            const yes = el('button', { class: 'yes', onclick: () => carryOut(status, key, yes) }, 'Yes');
            place.replaceChildren(el('p', {}, answer.structuredContent.text), yes, el('button', { onclick: offer }, 'No'));
            yes.focus();
        } catch (error) {
            say(error.message);
        }
    }

    async function carryOut(status, key, yes) {
        yes.disabled = true;
        try {
            const request_text = `Pressed "Mark as ${words(status)}" in the view of order ${order.order_id}`;
            const answer = await update({ status, expected_version: order.version, idempotency_key: key, request_text });
            if (answer.isError) return say(trouble(answer));
            host.tell(answer.structuredContent.text);
            done(answer.structuredContent.text);
        } catch (error) {
            say(error.message);
        }
    }

    if (host.calls) offer();
    return place;
}

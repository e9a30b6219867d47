// The seed's dialogue, held by the official TypeScript client: dialogue.mjs URL MODE ORDER REVENUE_TEXT.
// MODE is `auto` (2026-07-28) or `legacy` (the initialize handshake, its default). See dialogue.py.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const [url, mode, orderText, revenueText] = process.argv.slice(2);
const order = Number(orderText);

function check(condition, what, seen) {
    if (!condition) {
        console.error(`${what}; seen: ${JSON.stringify(seen)}`);
        process.exit(1);
    }
}

const client = new Client({ name: 'orderlog-tests', version: '1' }, { versionNegotiation: { mode } });
await client.connect(new StreamableHTTPClientTransport(new URL(url)));

async function call(tool, args) {
    const result = await client.callTool({ name: tool, arguments: args });
    const text = result.content[0].text;
    check(!result.isError, `${tool} must succeed`, text);
    check(result.structuredContent.text === text, `${tool} must say its text first`, text);
    return result.structuredContent;
}

// Listing first makes the client hold every answer against its output schema.
const { tools } = await client.listTools();
const listed = tools.map((tool) => tool.name);
for (const tool of ['orders_create_order', 'orders_get_pending', 'orders_update_status', 'orders_report_sales']) {
    check(listed.includes(tool), `${tool} must be listed`, listed);
}

const created = await call('orders_create_order', {
    customer: 'asha@example.com',
    lines: [{ product: 'LAPTOP', quantity: 1 }],
    idempotency_key: `dialogue-${order}`,
    request_text: 'Order one laptop for Asha',
});
check(created.text.includes(`#${order}`), `the order must be #${order}`, created.text);

const pending = await call('orders_get_pending', { date_range: 'last week' });
const read = pending.interpretation.date_range;
check(
    read.from === '2026-11-09' && read.to === '2026-11-15' && read.timezone === 'Asia/Kolkata',
    "last week must be read in the shop's calendar",
    read,
);
check(pending.total_count === 230, "last week's pending orders must all be counted", pending.total_count);

const shipped = await call('orders_update_status', {
    order_id: order,
    status: 'shipped',
    request_text: "update order 1234 to shipped and show me today's revenue",
});
check(shipped.text.startsWith(`Order #${order} is now shipped.`), 'the answer must read aloud', shipped.text);

const sales = await call('orders_report_sales', { date: 'today' });
check(sales.text.startsWith(revenueText), `the revenue must be told as ${revenueText}`, sales.text);

const again = await call('orders.update_status', { order_id: order, status: 'dispatched' });
check(again.no_change === true, 'a synonym of the present status must change nothing', again);

const refused = await client.callTool({ name: 'orders_update_status', arguments: { order_id: 999999, status: 'shipped' } });
check(refused.isError, 'an unknown order must be refused', refused);
const error = JSON.parse(refused.content[0].text);
check(error.code === 'NOT_FOUND' && error.message, 'the refusal must say why', error);

await client.close();

// The user's word through the official TypeScript client: confirm.mjs URL YES_ORDER NO_ORDER. See confirm.py.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const [url, yesOrder, noOrder] = process.argv.slice(2);
const forms = [];

function check(condition, what, seen) {
    if (!condition) {
        console.error(`${what}; seen: ${JSON.stringify(seen)}`);
        process.exit(1);
    }
}

async function cancel(order, mode, answer) {
    const capabilities = answer ? { elicitation: { form: {} } } : {};
    const client = new Client({ name: 'orderlog-tests', version: '1' }, { capabilities, versionNegotiation: { mode } });
    if (answer) {
        client.setRequestHandler('elicitation/create', async (request) => {
            forms.push(request.params);
            return answer;
        });
    }
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    // Listing first makes the client hold every answer against its output schema.
    await client.listTools();
    const result = await client.callTool({ name: 'orders_cancel', arguments: { order_id: Number(order) } });
    await client.close();
    return result;
}

for (const answer of [{ action: 'decline' }, { action: 'cancel' }, { action: 'accept', content: { confirm: false } }]) {
    const refused = await cancel(noOrder, 'auto', answer);
    check(refused.isError && refused.content[0].text.includes('nothing was done'), 'a no must be told', refused);
}
check(forms.length === 3, 'the user must be asked once a call', forms);

const yes = { action: 'accept', content: { confirm: true } };
const done = await cancel(yesOrder, 'auto', yes);
check(!done.isError && done.structuredContent.changed.status === 'cancelled', 'a yes must act', done);
const { message } = forms.at(-1);
check(message.includes(`#${yesOrder}`) && message.includes('would be cancelled'), 'the form must show it', message);

const asked = forms.length;
for (const [mode, answer] of [['auto', undefined], ['legacy', yes]]) {
    const refused = await cancel(noOrder, mode, answer);
    const error = JSON.parse(refused.content[0].text);
    check(error.code === 'CONFIRMATION_REQUIRED' && error.confirm_token, 'the token must be given', error);
}
check(forms.length === asked, 'nobody must be asked there', forms);

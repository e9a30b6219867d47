// A host that signs its user in, by the official TypeScript client: sign_in.mjs URL PRODUCT. See sign_in.py.

import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';

const [url, product] = process.argv.slice(2);
const redirect = 'http://127.0.0.1:1/signed-in';

// What the host keeps of its user's sign-in.
class Session {
    asked = [];
    scopes = [];
    end = undefined;

    get redirectUrl() {
        return redirect;
    }

    get clientMetadata() {
        return { redirect_uris: [redirect], client_name: 'host', token_endpoint_auth_method: 'none' };
    }

    clientInformation() {
        return this.client;
    }

    saveClientInformation(client) {
        this.client = client;
    }

    tokens() {
        return this.kept;
    }

    saveTokens(tokens) {
        this.kept = tokens;
        this.scopes.push(tokens.scope);
    }

    saveCodeVerifier(verifier) {
        this.verifier = verifier;
    }

    codeVerifier() {
        return this.verifier;
    }

    // Follows the provider's pages to the redirect at their end, as a user's browser does.
    async redirectToAuthorization(address) {
        this.asked.push(new URL(address).searchParams.getAll('resource'));
        const cookies = new Map();
        let page = String(address);
        while (!page.startsWith(redirect)) {
            const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
            const answer = await fetch(page, { redirect: 'manual', headers: { cookie } });
            if (![302, 303].includes(answer.status)) {
                throw new Error(`the provider answered ${answer.status}: ${await answer.text()}`);
            }
            for (const set of answer.headers.getSetCookie()) {
                const [name, value] = set.split(';')[0].split('=');
                cookies.set(name, value);
            }
            page = new URL(answer.headers.get('location'), page).href;
        }
        this.end = new URL(page).searchParams;
    }
}

const session = new Session();

// Calls; where the user had to sign in meanwhile, ends the sign-in and calls once more.
async function signedIn(work) {
    let transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: session });
    const attempt = async () => {
        const client = new Client({ name: 'orderlog-tests', version: '1' }, { versionNegotiation: { mode: 'auto' } });
        await client.connect(transport);
        try {
            return await work(client);
        } finally {
            await client.close();
        }
    };
    try {
        return await attempt();
    } catch (error) {
        if (!(error instanceof UnauthorizedError)) throw error;
        await transport.finishAuth(session.end);
        transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: session });
        return await attempt();
    }
}

const listed = await signedIn(async (client) => (await client.listTools()).tools.map((tool) => tool.name));
const changed = await signedIn((client) =>
    client.callTool({ name: 'products_upsert', arguments: { sku: product, name: 'Tea', price: '102.00' } }),
);
const refused = await signedIn((client) =>
    client.callTool({ name: 'orders_refund', arguments: { order_id: 999_999, reason: 'x' } }),
);
console.log(
    JSON.stringify({
        listed,
        changed: !changed.isError,
        first: session.scopes[0],
        then: session.scopes.at(-1),
        resources: session.asked,
        refund: JSON.parse(refused.content[0].text).code,
    }),
);

// Calls tools of a shop beside a browser, as an assistant does.

/** A function that calls a tool at this address, and answers its structured part. */
export const callerOf = (mcpUrl) => async (tool, args) => {
    const answer = await fetch(mcpUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: args } }),
    });
    const { result } = await answer.json();
    if (result.isError) throw new Error(`${tool}: ${result.content[0].text}`);
    return result.structuredContent;
};

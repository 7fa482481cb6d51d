using System.Text.Json.Nodes;
using Kv.Sandbox.Client;

namespace Kv.Operator.Tests.Sandbox;

internal static class Namespaces
{
    public static Task MakeNamespaceAsync(this SandboxClient client, string name) =>
        client.CreateAsync("/api/v1/namespaces", new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
        });
}

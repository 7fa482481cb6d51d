using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Loops;

/// <summary>Gives each namespace the service account that pods have if they name none, and the authority of the API
/// server, as pods that talk to it expect.</summary>
internal sealed class AccountLoop(
    SandboxClient client, Mirror spaces, Mirror accounts, Mirror settings, string authorityPem)
{
    public async Task RunRoundAsync(CancellationToken stop)
    {
        foreach (JsonObject space in spaces.All)
        {
            string name = space.Text("metadata", "name") ?? "";
            bool isLeaving = space.Text("metadata", "deletionTimestamp") is not null;
            if (isLeaving)
                continue;
            await EnsureAsync(accounts, "serviceaccounts", name, "default", [], stop);
            await EnsureAsync(settings, "configmaps", name, "kube-root-ca.crt", new JsonObject
            {
                ["data"] = new JsonObject { ["ca.crt"] = authorityPem },
            }, stop);
        }
    }

    private async Task EnsureAsync(
        Mirror known, string plural, string space, string name, JsonObject value, CancellationToken stop)
    {
        // The mirror may be behind: only the server knows that it is not there.
        if (known.Find(space, name) is not null
            || await client.FindAsync(ObjectPath.Core(plural, space, name), stop) is not null)
        {
            return;
        }

        value["metadata"] = new JsonObject { ["name"] = name };
        await client.CreateAsync(ObjectPath.Core(plural, space), value, stop);
    }
}

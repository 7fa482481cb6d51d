using System.Text.Json.Nodes;

namespace Kv.Interop.Tests.Processes;

/// <summary>A fresh member serves before it has agreed with itself on the version of the cluster; what is compared
/// with recordings waits for that.</summary>
public static class ClusterVersion
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(30);
    private static readonly HttpClient Client = new();

    public static async Task WaitForAsync(Uri node)
    {
        using var timer = new PeriodicTimer(Interval);
        DateTime end = DateTime.UtcNow + WaitMax;
        string page;
        do
        {
            page = await Client.GetStringAsync(new Uri(node, "/version"));
            JsonNode version = JsonNode.Parse(page)!;
            string? cluster = (string?)version["etcdcluster"];

            // 3.5 does not tell a storage version.
            bool stored = version["storage"] is null || (string?)version["storage"] == cluster;
            if (cluster != "not_decided" && stored)
                return;
        }
        while (DateTime.UtcNow < end && await timer.WaitForNextTickAsync());
        Assert.Fail($"No cluster version within {WaitMax}: {page}");
    }
}

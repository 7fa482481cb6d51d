using System.Text.Json.Nodes;
using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Wire;

/// <summary>Recorded requests, one after another, to one fresh member; where the one that was recorded died of a
/// request, the next ones go to another on the same data.</summary>
public static class ReplayRun
{
    /// <param name="take">Sends a line and compares.</param>
    /// <param name="send">Sends a line that the member will die of.</param>
    public static async Task RunAsync(
        NodeProgram program,
        NodeSettings settings,
        IReadOnlyList<WireLine> lines,
        ReplayReport report,
        Func<NodeProcess, WireLine, Task> take,
        Func<NodeProcess, WireLine, Task> send)
    {
        NodeProcess node = await NodeProcess.StartAsync(program, settings);
        try
        {
            await ClusterVersion.WaitForAsync(node.Url);
            foreach (WireLine line in lines)
            {
                if (!line.ServerDied)
                {
                    await take(node, line);
                    continue;
                }

                report.Exclude("the server that was recorded died of it, and is started again");
                await Assert.ThrowsAnyAsync<HttpRequestException>(() => send(node, line));
                await node.WaitForExitAsync();
                await node.DisposeAsync();
                node = await NodeProcess.StartAsync(program, settings);
            }
        }
        finally
        {
            await node.DisposeAsync();
        }
    }

    /// <summary>What stands in a JSON value at "leader.rev", say.</summary>
    public static string Pick(JsonNode node, string place)
    {
        foreach (string part in place.Split('.'))
            node = node[part] ?? throw new InvalidDataException($"No {place} in the answer.");
        return node.ToString();
    }
}

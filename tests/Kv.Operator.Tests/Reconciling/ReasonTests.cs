using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Kv.Operator.Planning;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>The README says which reasons conditions have, and people alert on them: each is found in some world, and
/// no world finds another.</summary>
public sealed partial class ReasonTests
{
    private static readonly Lazy<Task<Harness[]>> Worlds = new(RunAsync);

    [Fact]
    public async Task Every_reason_that_is_documented_is_given_in_some_world()
    {
        HashSet<(string, string)> given = await GivenAsync();

        IEnumerable<(string, string)> missing = Documented().Where(each => !given.Contains(each));

        Assert.Empty(missing);
    }

    [Fact]
    public async Task Every_reason_that_is_given_is_documented()
    {
        HashSet<(string, string)> documented = [.. Documented()];

        IEnumerable<(string, string)> unknown = (await GivenAsync()).Where(each => !documented.Contains(each) &&
            !(each.Item1 == "Ready" && documented.Contains(("Progressing", each.Item2))));

        Assert.Empty(unknown);
    }

    [Fact]
    public async Task Every_decision_is_told_as_an_event_in_some_world()
    {
        IEnumerable<string> actions = typeof(ClusterAction).GetNestedTypes().Select(type => type.Name)
            .Except([nameof(ClusterAction.Nothing), nameof(ClusterAction.Wait), nameof(ClusterAction.Blocked)]);
        HashSet<string> told =
            [.. (await Worlds.Value).SelectMany(world => world.Events).Select(line => line.Split(' ')[1])];

        Assert.DoesNotContain(actions.Concat(Enum.GetNames<Obstacle>()), each => !told.Contains(each));
    }

    [Fact]
    public async Task Every_phase_that_is_documented_is_given_in_some_world_and_no_other()
    {
        IEnumerable<string> documented = Rows("Progressing").Where(each => each is not ("AllAsWanted" or "QuorumLost"))
            .Concat(["Running", "Blocked", "Unavailable", "Invalid"]);

        Assert.Equal(
            documented.Order(StringComparer.Ordinal),
            (await Worlds.Value).SelectMany(world => world.Phases).Distinct().Order(StringComparer.Ordinal));
    }

    private static async Task<HashSet<(string Type, string Reason)>> GivenAsync() =>
        [.. (await Worlds.Value).SelectMany(world => world.Reasons).Select(each => (each.Type, each.Reason))];

    private static IEnumerable<(string Type, string Reason)> Documented()
    {
        foreach (string type in new[]
        {
            "Available", "Progressing", "Degraded", "MembersUpdated", "StorageReady", "SpecValid", "Paused", "Adopted",
        })
        {
            foreach (string reason in Rows(type))
                yield return (type, reason);
        }

        yield return ("Ready", "AllAsWanted");
        foreach (string obstacle in Enum.GetNames<Obstacle>())
        {
            yield return ("Progressing", obstacle);
            if (obstacle != nameof(Obstacle.InvalidSpec))
                yield return ("Degraded", obstacle);
        }
    }

    /// <summary>The reasons in the row of a condition.</summary>
    private static IEnumerable<string> Rows(string type)
    {
        string row = File.ReadLines(Readme()).Single(line => line.StartsWith($"| {type} |", StringComparison.Ordinal));
        return Quoted().Matches(row).Select(match => match.Groups[1].Value);
    }

    private static string Readme([CallerFilePath] string test = "") =>
        Path.Combine(Path.GetDirectoryName(test)!, "..", "..", "..", "operator", "README.md");

    private static async Task<Harness[]> RunAsync()
    {
        var worlds = new List<Harness>();
        foreach (Scenario scenario in Scenario.All)
        {
            Harness harness = await scenario.PrepareAsync();
            await scenario.RunAsync(harness);
            worlds.Add(harness);
        }

        foreach ((_, Func<Task<Harness>> run) in Misfortunes.All)
            worlds.Add(await run());
        return [.. worlds];
    }

    [GeneratedRegex("`([A-Za-z]+)`", RegexOptions.CultureInvariant)]
    private static partial Regex Quoted();
}

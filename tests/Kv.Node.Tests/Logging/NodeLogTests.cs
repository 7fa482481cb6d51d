using System.Text;
using Kv.Server.Configuration;
using Kv.Server.Logging;
using Kv.Testing;
using Microsoft.Extensions.Logging;

namespace Kv.Node.Tests.Logging;

public sealed class NodeLogTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public void A_line_names_its_event_and_has_its_fields()
    {
        string[] lines = LinesOf(LogLevel.Information, logs =>
            Log.ReceivedSignal(logs.CreateLogger("node"), signal: "terminated"));

        string line = Assert.Single(lines);
        Assert.StartsWith("{\"level\":\"info\",\"ts\":\"", line);
        Assert.EndsWith(
            """
            ,"caller":"node/ReceivedSignal","msg":"received signal; shutting down","signal":"terminated"}
            """,
            line);
    }

    [Fact]
    public void What_is_below_the_level_is_left_out()
    {
        string[] lines = LinesOf(LogLevel.Warning, logs =>
        {
            ILogger log = logs.CreateLogger("node");
            Log.ReadyToServe(log);
            Log.LostLeader(log, localMemberId: "1", term: 2);
        });

        Assert.Contains("lost leader", Assert.Single(lines));
    }

    [Fact]
    public void The_framework_is_heard_only_when_it_warns()
    {
        string[] lines = LinesOf(LogLevel.Information, logs =>
        {
            ILogger kestrel = logs.CreateLogger("Microsoft.AspNetCore.Server.Kestrel");
            Log.ReadyToServe(kestrel);
            Log.LostLeader(kestrel, localMemberId: "1", term: 2);
        });

        Assert.Contains("lost leader", Assert.Single(lines));
    }

    [Fact]
    public void Notices_of_the_configuration_become_lines()
    {
        string[] lines = LinesOf(LogLevel.Information, logs =>
            Notices.WriteTo(logs.CreateLogger("config"), [new(LogLevel.Warning, "unknown", "key", "value")]));

        Assert.EndsWith(
            """
            "caller":"config/Configuration","msg":"unknown","key":"value"}
            """,
            Assert.Single(lines));
    }

    [Fact]
    public void Files_are_appended_to()
    {
        using var directory = new TempDirectory();
        string path = directory["node.log"];
        for (int run = 0; run < 2; run++)
        {
            LogSettings settings = Settings(LogLevel.Information, path);
            Assert.True(NodeLog.TryOpen(settings, TimeProvider.System, out NodeLog? logs, out _));
            Log.ReadyToServe(logs.CreateLogger("node"));
            logs.Dispose();
        }

        Assert.Equal(2, File.ReadAllLines(path).Length);
    }

    [Fact]
    public void An_output_that_cannot_be_opened_is_a_fault()
    {
        LogSettings settings = Settings(LogLevel.Information, "stderr", "/nowhere/at/all.log");

        Assert.False(NodeLog.TryOpen(settings, TimeProvider.System, out _, out string? fault));
        Assert.StartsWith("open sink \"/nowhere/at/all.log\": ", fault);
    }

    /// <summary>The output is stuck from its first line on, until the test lets it go.</summary>
    [Fact]
    public void A_stuck_output_costs_lines_but_never_waits_and_warnings_last_longest()
    {
        const int Count = 20_000;
        using var stuck = new StuckStream();
        using (var logs = new NodeLog(Settings(LogLevel.Information), TimeProvider.System, [stuck]))
        {
            ILogger log = logs.CreateLogger("node");
            Log.ReadyToServe(log);
            Assert.True(stuck.Reached.Wait(Deadline, TestContext.Current.CancellationToken));

            for (int line = 0; line < Count; line++)
                Log.ReadyToServe(log);
            for (int line = 0; line < 100; line++)
                Log.LostLeader(log, localMemberId: "1", term: 2);
            stuck.Release.Set();
        }

        string[] lines = stuck.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        int written = lines.Count(line => line.Contains("ready to serve"));
        Assert.InRange(written, 2, Count);
        Assert.Equal(100, lines.Count(line => line.Contains("lost leader")));
        Assert.Contains($"\"msg\":\"dropped log lines\",\"count\":{Count + 1 - written}}}", lines[^1]);
    }

    private static string[] LinesOf(LogLevel level, Action<NodeLog> write)
    {
        var output = new KeptStream();
        using (var logs = new NodeLog(Settings(level), TimeProvider.System, [output]))
            write(logs);
        return output.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static LogSettings Settings(LogLevel level, params string[] outputs) =>
        new() { Level = level, IsJson = true, Outputs = outputs };

    /// <summary>Can be read after it was closed.</summary>
    private class KeptStream : MemoryStream
    {
        public string Text => Encoding.UTF8.GetString(ToArray());
    }

    private sealed class StuckStream : KeptStream
    {
        public ManualResetEventSlim Reached { get; } = new();

        public ManualResetEventSlim Release { get; } = new();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            Reached.Set();
            Assert.True(Release.Wait(Deadline));
            base.Write(buffer);
        }
    }
}

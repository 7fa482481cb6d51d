using System.Text;
using Kv.Server.Logging;
using Microsoft.Extensions.Logging;

namespace Kv.Node.Tests.Logging;

public sealed class LineFormatTests
{
    private static readonly DateTimeOffset Time = new(2026, 8, 20, 10, 0, 0, 123, 456, TimeSpan.Zero);

    private static readonly string[] Urls = ["http://a:1", "http://b:2"];

    [Fact]
    public void Json_lines_are_as_etcds()
    {
        LogEvent happened = Event(
            ("localMemberId", "8e9e05c52164694d"), ("index", 5UL), ("isLearner", false),
            ("took", TimeSpan.FromMilliseconds(1.5)), ("urls", Urls), ("none", null));

        Assert.Equal(
            """
            {"level":"info","ts":"2026-08-20T10:00:00.123456Z","caller":"node/Started","msg":"started \"it\" & <so>",
            "local-member-id":"8e9e05c52164694d","index":5,"is-learner":false,"took":"1.5ms",
            "urls":["http://a:1","http://b:2"],"none":null}
            """.ReplaceLineEndings("") + "\n",
            Encoding.UTF8.GetString(LineFormat.ToJson(happened)));
    }

    [Fact]
    public void Console_lines_have_columns_and_then_the_fields() =>
        Assert.Equal(
            "2026-08-20T10:00:00.123456Z\tinfo\tnode/Started\tstarted \"it\" & <so>\t{\"index\":5}\n",
            Encoding.UTF8.GetString(LineFormat.ToConsole(Event(("index", 5)))));

    [Fact]
    public void Console_lines_without_fields_end_with_the_text() =>
        Assert.EndsWith("& <so>\n", Encoding.UTF8.GetString(LineFormat.ToConsole(Event())));

    [Theory]
    [InlineData(0, 0, "\"ts\":\"2026-08-20T10:00:00Z\"")]
    [InlineData(120, 0, "\"ts\":\"2026-08-20T10:00:00.12Z\"")]
    [InlineData(5, 120, "\"ts\":\"2026-08-20T10:00:00.005+0200\"")]
    [InlineData(0, -210, "\"ts\":\"2026-08-20T10:00:00-0330\"")]
    public void Times_are_as_Go_writes_them(int milliseconds, int offsetMinutes, string expected)
    {
        LogEvent happened = Event() with
        {
            Time = new DateTimeOffset(2026, 8, 20, 10, 0, 0, milliseconds, TimeSpan.FromMinutes(offsetMinutes)),
        };

        Assert.Contains(expected, Encoding.UTF8.GetString(LineFormat.ToJson(happened)));
    }

    [Theory]
    [InlineData(LogLevel.Debug, "debug")]
    [InlineData(LogLevel.Information, "info")]
    [InlineData(LogLevel.Warning, "warn")]
    [InlineData(LogLevel.Error, "error")]
    [InlineData(LogLevel.Critical, "fatal")]
    public void Levels_have_etcds_names(LogLevel level, string name) =>
        Assert.StartsWith(
            $$"""{"level":"{{name}}",""", Encoding.UTF8.GetString(LineFormat.ToJson(Event() with { Level = level })));

    [Fact]
    public void An_exception_is_the_error_and_only_a_bad_one_has_its_stack()
    {
        LogEvent warning = Event() with { Level = LogLevel.Warning, Exception = new IOException("disk full") };
        LogEvent error = warning with { Level = LogLevel.Error };

        Assert.EndsWith(",\"error\":\"disk full\"}\n", Encoding.UTF8.GetString(LineFormat.ToJson(warning)));
        Assert.Contains("\"stacktrace\":\"System.IO.IOException", Encoding.UTF8.GetString(LineFormat.ToJson(error)));
    }

    private static LogEvent Event(params (string Name, object? Value)[] fields) =>
        new(
            Time, LogLevel.Information, "node/Started", "started \"it\" & <so>",
            [.. fields.Select(field => KeyValuePair.Create(field.Name, field.Value))], Exception: null);
}

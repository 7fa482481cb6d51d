using System.Globalization;
using System.Text;
using System.Text.Json;
using Etcdserverpb;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Kv.Server.Gateway;
using Kv.Testing;

namespace Kv.Node.Tests.Gateway;

/// <summary>Against Google's own reader and writer of the JSON form, on the recorded requests and answers.</summary>
public sealed class JsonRequestTests
{
    private static readonly JsonParser Twin = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    [Fact]
    public void Recorded_requests_become_the_messages_they_say()
    {
        int compared = 0;
        foreach ((GatewayRoute route, JsonElement request, _) in Recorded())
        {
            string json = request.GetRawText();
            if (!TryTwin(json, route.Request, out IMessage? expected))
                continue;
            Assert.Equal(expected, Read(json, route.Request));
            compared++;
        }

        Assert.True(compared > 900, $"only {compared} compared");
    }

    [Fact]
    public void Recorded_answers_are_written_as_they_were_recorded()
    {
        int compared = 0;
        foreach ((GatewayRoute route, _, JsonElement response) in Recorded())
        {
            if (response.ValueKind != JsonValueKind.Object || response.TryGetProperty("code", out _)
                || response.TryGetProperty("error", out _) || response.TryGetProperty("result", out _))
            {
                continue;
            }

            byte[] message = Twin.Parse(response.GetRawText(), route.Response).ToByteArray();
            var json = new System.Buffers.ArrayBufferWriter<byte>();
            JsonAnswer.Write(json, message, route.Response);
            using var written = JsonDocument.Parse(json.WrittenMemory);
            Assert.True(JsonElement.DeepEquals(response, written.RootElement), written.RootElement.GetRawText());
            compared++;
        }

        Assert.True(compared > 500, $"only {compared} compared");
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("\"-12\"", -12)]
    [InlineData("1.0", 1)]
    [InlineData("\"1.50e1\"", 15)]
    [InlineData("120e-1", 12)]
    [InlineData("-0", 0)]
    [InlineData("0.0e30", 0)]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("\"-9223372036854775808\"", long.MinValue)]
    [InlineData("9.223372036854775807e18", long.MaxValue)]
    public void Numbers_may_be_written_in_many_ways(string json, long number) =>
        Assert.Equal(number, ((RangeRequest)Read($$"""{"limit":{{json}}}""", RangeRequest.Descriptor)).Limit);

    [Theory]
    [InlineData("1.5")]
    [InlineData("1e-1")]
    [InlineData("\"\"")]
    [InlineData("\" 1\"")]
    [InlineData("\"1 \"")]
    [InlineData("\"+1\"")]
    [InlineData("\"1x\"")]
    [InlineData("\"0x1\"")]
    [InlineData("\"true\"")]
    [InlineData("9223372036854775808")]
    [InlineData("-9.3e18")]
    [InlineData("1e99999999999")]
    [InlineData("true")]
    [InlineData("[]")]
    public void What_is_no_whole_number_of_64_bits_is_refused(string json)
    {
        string message = Refusal($$"""{"limit":{{json}}}""", RangeRequest.Descriptor);
        Assert.StartsWith(
            "proto: (line 1:10): invalid value for int64 field limit: ", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("YQ==", "61")]
    [InlineData("YQ", "61")]
    [InlineData("YR==", "61")]
    [InlineData("_-8=", "FFEF")]
    [InlineData("/+8", "FFEF")]
    [InlineData("YW\\nFh", "616161")]
    [InlineData("\\u0059Q==", "61")]
    public void Bytes_may_be_written_in_many_ways(string text, string hex)
    {
        var request = (RangeRequest)Read($$"""{"key":"{{text}}"}""", RangeRequest.Descriptor);
        Assert.Equal(hex, Convert.ToHexString(request.Key.Span));
    }

    [Theory]
    [InlineData("!!!")]
    [InlineData("Y")]
    [InlineData("YQ=")]
    [InlineData("YQ===")]
    [InlineData("Y=Q=")]
    [InlineData("-+8=")]
    [InlineData("YQ= =")]
    public void What_is_no_base64_is_refused(string text) => Assert.Equal(
        $"proto: (line 1:8): invalid value for bytes field key: \"{text}\"",
        Refusal($$"""{"key":"{{text}}"}""", RangeRequest.Descriptor));

    [Theory]
    [InlineData("\"DESCEND\"", 2)]
    [InlineData("2", 2)]
    [InlineData("7", 7)]
    [InlineData("\"descend\"", 0)]
    [InlineData("null", 0)]
    public void Enums_go_by_name_or_number(string json, int number)
    {
        var request = (RangeRequest)Read($$"""{"sortOrder":{{json}}}""", RangeRequest.Descriptor);
        Assert.Equal(number, (int)request.SortOrder);
    }

    [Fact]
    public void What_is_there_and_zero_is_told_from_what_is_not_there()
    {
        var compare = (Compare)Read("""{"target":"VERSION","version":"0"}""", Compare.Descriptor);
        var watch = (WatchRequest)Read("""{"progress_request":{}}""", WatchRequest.Descriptor);

        Assert.Equal(Compare.TargetUnionOneofCase.Version, compare.TargetUnionCase);
        Assert.Equal(WatchRequest.RequestUnionOneofCase.ProgressRequest, watch.RequestUnionCase);
    }

    [Theory]
    [InlineData("[]", "proto: syntax error (line 1:1): unexpected token [")]
    [InlineData("null", "proto: syntax error (line 1:1): unexpected token null")]
    [InlineData("{\"key\":\"YQ==\",\n \"key\":\"\"}", "proto: (line 2:2): duplicate field \"key\"")]
    [InlineData("{\"range_end\":\"\",\"rangeEnd\":\"\"}", "proto: (line 1:17): duplicate field \"rangeEnd\"")]
    [InlineData("{\"serializable\":1}", "proto: (line 1:17): invalid value for bool field serializable: 1")]
    [InlineData("{\"serializable\":{\"a\":1}}", "proto: (line 1:17): invalid value for bool field serializable: {")]
    public void Refusals_say_what_and_where(string json, string message) =>
        Assert.Equal(message, Refusal(json, RangeRequest.Descriptor));

    [Fact]
    public void Messages_nested_too_deep_are_refused_and_unknown_fields_nested_deep_are_not()
    {
        string nested = string.Concat(Enumerable.Repeat("""{"success":[{"request_txn":""", 5000));
        string end = string.Concat(Enumerable.Repeat("}]}", 5000));
        string unknown = $$"""{"x":{{new string('[', 9000)}}{{new string(']', 9000)}},"key":"YQ=="}""";

        Assert.Equal("proto: exceeded max recursion depth", Refusal(nested + "{}" + end, TxnRequest.Descriptor));
        Assert.Equal("a", ((RangeRequest)Read(unknown, RangeRequest.Descriptor)).Key.ToStringUtf8());
    }

    /// <summary>A body that was altered is refused or is a message; there is no third.</summary>
    [Theory]
    [Seeds(5)]
    public void Altered_bodies_end_in_one_of_two_ways(int seed)
    {
        var random = new Random(seed);
        int refused = 0;
        int read = 0;
        foreach ((GatewayRoute route, JsonElement request, _) in Recorded())
        {
            byte[] body = Encoding.UTF8.GetBytes(request.GetRawText());
            for (int round = 0; round < 5; round++)
            {
                byte[] altered = [.. body];
                altered[random.Next(altered.Length)] = (byte)random.Next(256);
                var scanner = new JsonScanner();
                int end = scanner.Read(altered);
                scanner.End();
                if (!scanner.IsDone)
                    continue;
                try
                {
                    byte[] message = JsonRequest.ToMessage(altered.AsSpan(0, end), route.Request);
                    route.Request.Parser.ParseFrom(message);
                    read++;
                }
                catch (JsonRefusedException)
                {
                    refused++;
                }
            }
        }

        Assert.True(refused > 100 && read > 500, string.Create(CultureInfo.InvariantCulture, $"{refused} {read}"));
    }

    private static IMessage Read(string json, MessageDescriptor type) =>
        type.Parser.ParseFrom(JsonRequest.ToMessage(Encoding.UTF8.GetBytes(json), type));

    private static string Refusal(string json, MessageDescriptor type) =>
        Assert.Throws<JsonRefusedException>(() => Read(json, type)).Message;

    private static bool TryTwin(string json, MessageDescriptor type, out IMessage? message)
    {
        try
        {
            message = Twin.Parse(json, type);
            return true;
        }
        catch (Exception refused) when (refused is InvalidProtocolBufferException or InvalidJsonException)
        {
            message = null;
            return false;
        }
    }

    private static IEnumerable<(GatewayRoute Route, JsonElement Request, JsonElement Response)> Recorded()
    {
        foreach (string line in File.ReadLines(Path.Combine(SourceFolder(), "../../fixtures/wire/api-3.7.1.jsonl")))
        {
            JsonElement fields = JsonDocument.Parse(line).RootElement;
            bool isPlain = fields.TryGetProperty("request", out JsonElement request)
                && !request.GetRawText().Contains('$', StringComparison.Ordinal);
            if (isPlain && GatewayRoutes.Find(fields.GetProperty("path").GetString()!) is { } route)
                yield return (route, request, fields.GetProperty("response"));
        }
    }

    private static string SourceFolder([System.Runtime.CompilerServices.CallerFilePath] string path = "") =>
        Path.GetDirectoryName(path)!;
}

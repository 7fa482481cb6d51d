using Grpc.Core;

namespace Kv.Node.Tests.Grpc;

/// <summary>Methods that work on bytes.</summary>
public sealed class RawUnaryTests : IAsyncLifetime
{
    private readonly HttpClient _http = new();
    private NotesServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await NotesServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(507)] // the first chunk of the answer, filled to its last byte
    [InlineData(508)]
    [InlineData(4091)] // a segment of the pipe, likewise
    [InlineData(4092)]
    [InlineData(100_000)]
    [InlineData(2_000_000)] // more than the window of a stream
    public async Task Bytes_come_back_as_they_went(int length)
    {
        byte[] payload = new byte[length];
        new Random(length).NextBytes(payload);
        if (length > 0)
            payload[0] = 1; // not a wish

        (byte[] body, Status status) = await CallAsync(payload);

        Assert.Equal(StatusCode.OK, status.StatusCode);
        Assert.Equal(Wire.Frame(payload), body);
    }

    [Fact]
    public async Task An_answer_may_come_later()
    {
        (byte[] body, Status status) = await CallAsync([RawEcho.Later, 2, 3]);

        Assert.Equal(StatusCode.OK, status.StatusCode);
        Assert.Equal(Wire.Frame([RawEcho.Later, 2, 3]), body);
    }

    [Fact]
    public async Task A_refusal_has_no_body()
    {
        (byte[] body, Status status) = await CallAsync([RawEcho.Refuse]);

        Assert.Equal(new Status(StatusCode.NotFound, "etcdserver: requested lease not found"), status);
        Assert.Empty(body);
    }

    [Fact]
    public async Task A_refusal_after_much_was_written_still_ends_the_call_well()
    {
        (byte[] body, Status status) = await CallAsync([RawEcho.RefuseLate]);

        Assert.Equal(new Status(StatusCode.DataLoss, "late"), status);
        Assert.True(body.Length is 0 or 100_005);
    }

    [Fact]
    public async Task An_answer_of_declared_length_goes_out_as_it_is_written()
    {
        (byte[] body, Status status) = await CallAsync([RawEcho.Declared]);

        Assert.Equal(StatusCode.OK, status.StatusCode);
        Assert.Equal(5 + RawEcho.DeclaredBytes, body.Length);
        Assert.Equal([0, 0, 0x80, 0, 0], body[..5]);
    }

    [Fact]
    public async Task An_answer_that_breaks_its_promise_is_reset()
    {
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => CallAsync([RawEcho.BreakPromise]));

        Assert.Single(_server.Faults);
        Assert.Equal(StatusCode.OK, (await CallAsync([1])).Status.StatusCode);
    }

    [Fact]
    public async Task A_thousand_calls_at_once_get_each_its_own_answer()
    {
        async Task<bool> OneAsync(int number)
        {
            byte wish = number % 2 == 0 ? RawEcho.Later : (byte)1;
            byte[] payload = [wish, (byte)(number & 0xff), (byte)(number >> 8)];
            return (await CallAsync(payload)).Body.AsSpan(5).SequenceEqual(payload);
        }

        Assert.All(await Task.WhenAll(Enumerable.Range(0, 1000).Select(OneAsync)), Assert.True);
    }

    private async Task<(byte[] Body, Status Status)> CallAsync(byte[] payload)
    {
        HttpRequestMessage request = Wire.Request(_server, NotesServer.RawPath, Wire.Frame(payload));
        using HttpResponseMessage response = await _http.SendAsync(request);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        return (body, Wire.Status(response));
    }
}

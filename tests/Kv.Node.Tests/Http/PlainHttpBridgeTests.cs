using System.Net;
using System.Text;
using Kv.Grpc;
using Kv.Server.Http;

namespace Kv.Node.Tests.Http;

/// <summary>Over a real socket, since what is sent beyond our answer is Kestrel's doing.</summary>
public sealed class PlainHttpBridgeTests
{
    [Theory]
    [InlineData("GET", "body")]
    [InlineData("HEAD", "")]
    public async Task A_request_becomes_an_answer(string method, string body)
    {
        string seen = "";
        PlainHttpMethod served = PlainHttpBridge.ToMethod((request, _) =>
        {
            seen = string.Join(
                '|', request.Method, request.Path, request.Query("exclude"), request.Query("verbose").Count,
                request.Header("Host"), request.Header("Origin"));
            return ValueTask.FromResult(PlainAnswer.Of(503, PlainAnswer.Text, "body").With("Allow", "GET"));
        });
        await using var server = new GrpcServer(new GrpcServerOptions { PlainHttp = served });
        await server.StartAsync([new IPEndPoint(IPAddress.Loopback, 0)], TestContext.Current.CancellationToken);
        using var client = new HttpClient();
        using var message = new HttpRequestMessage(
            new HttpMethod(method), $"http://{server.EndPoints[0]}/livez/a%20b?exclude=x&exclude=y&verbose");

        using HttpResponseMessage response = await client.SendAsync(message, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("GET", response.Content.Headers.Allow.Single());
        Assert.Equal(PlainAnswer.Text, response.Content.Headers.ContentType!.ToString());
        Assert.Equal(4, response.Content.Headers.ContentLength);
        byte[] bytes = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        Assert.Equal(body, Encoding.UTF8.GetString(bytes));
        Assert.Equal($"{method}|/livez/a b|x,y|1|{server.EndPoints[0]}|", seen);
    }
}

using System.Net;
using System.Net.Sockets;

namespace Kv.Node.Tests.Cli;

public sealed class HealthProbeTests
{
    [Theory]
    [InlineData(200, 0)]
    [InlineData(503, 1)]
    public async Task The_exit_code_is_that_of_the_answer(int status, int expected)
    {
        using HttpListener listener = Listen(out string url);
        Task answered = AnswerAsync(listener, status);
        var output = new StringWriter();

        int code = await HealthProbe.RunAsync(url + "health", output, TextWriter.Null);
        await answered;

        Assert.Equal(expected, code);
        Assert.Equal($"{status} as it is\n", output.ToString());
    }

    [Fact]
    public async Task Nobody_there_is_no_good_answer()
    {
        var error = new StringWriter();

        int code = await HealthProbe.RunAsync($"http://127.0.0.1:{FreePort()}/health", TextWriter.Null, error);

        Assert.Equal(1, code);
        Assert.NotEmpty(error.ToString());
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("file:///etc/passwd")]
    [InlineData("")]
    public async Task What_is_no_address_is_refused(string url)
    {
        var error = new StringWriter();

        Assert.Equal(2, await HealthProbe.RunAsync(url, TextWriter.Null, error));
        Assert.Contains("is no address", error.ToString(), StringComparison.Ordinal);
    }

    private static HttpListener Listen(out string url)
    {
        url = $"http://127.0.0.1:{FreePort()}/";
        var listener = new HttpListener();
        listener.Prefixes.Add(url);
        listener.Start();
        return listener;
    }

    private static async Task AnswerAsync(HttpListener listener, int status)
    {
        HttpListenerContext context = await listener.GetContextAsync();
        context.Response.StatusCode = status;
        await context.Response.OutputStream.WriteAsync("as it is\n"u8.ToArray());
        context.Response.Close();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

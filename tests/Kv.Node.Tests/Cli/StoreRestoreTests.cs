using Kv.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kv.Node.Tests.Cli;

/// <summary><c>snapshot restore --from s3://...</c>, with a service that has one object.</summary>
public sealed class StoreRestoreTests : IAsyncLifetime
{
    private const string Snapshot = "3.5.30-snapshot.db";
    private const string KeyId = "restorer";

    private readonly TempDirectory _directory = Fixture.Decompress(Snapshot);
    private readonly WebApplication _store;
    private byte[] _content = [];

    public StoreRestoreTests()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.83.21:0");
        _store = builder.Build();
        _store.Run(AnswerAsync);
    }

    private string Url => _store.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
        .Addresses.First();

    [Fact]
    public void An_object_of_a_store_is_restored_as_a_file_is()
    {
        (int exit, _, string error) = Restore("s3://backups/demo/of%20a%20day.db");

        Assert.True(exit == 0, error);
        Assert.Equal($"restored s3://backups/demo/of a day.db into {_directory["data"]}\n", error);
        Assert.Equal(
            NodeCommandsTests.Run("hashkv", _directory[Snapshot]).Output,
            NodeCommandsTests.Run("hashkv", Path.Combine(_directory["data"], "member/snap/db")).Output);
    }

    [Fact]
    public void What_the_store_lacks_or_has_damaged_is_told()
    {
        Assert.Equal((1, "Error: s3://backups/demo/other.db: no such object\n"), Told("s3://backups/demo/other.db"));
        _content[7_000] ^= 1;
        (int exit, string error) = Told("s3://backups/demo/of%20a%20day.db");
        Assert.Equal(1, exit);
        Assert.StartsWith("Error: expected sha256 ", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory["data"]));
    }

    public async ValueTask InitializeAsync()
    {
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", KeyId);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "secret");
        _content = await File.ReadAllBytesAsync(_directory[Snapshot]);
        await _store.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    private (int Exit, string Error) Told(string url)
    {
        (int exit, _, string error) = Restore(url);
        return (exit, error);
    }

    private (int Exit, string Output, string Error) Restore(string url) => NodeCommandsTests.Run(
        "snapshot", "restore", $"--from={url}", $"--data-dir={_directory["data"]}", $"--s3-endpoint={Url}",
        "--s3-region=here");

    private async Task AnswerAsync(HttpContext call)
    {
        HttpResponse answer = call.Response;
        if (!call.Request.Headers.Authorization.ToString().Contains($"Credential={KeyId}/", StringComparison.Ordinal))
        {
            answer.StatusCode = StatusCodes.Status403Forbidden;
            return;
        }

        if (call.Request.Path != "/backups/demo/of a day.db")
        {
            answer.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        // As of what was uploaded in parts: nobody takes it for the MD5 of the content.
        answer.Headers.ETag = "\"0123456789abcdef0123456789abcdef-1\"";
        answer.ContentLength = _content.Length;
        if (call.Request.Method == HttpMethods.Get)
            await answer.Body.WriteAsync(_content);
    }
}

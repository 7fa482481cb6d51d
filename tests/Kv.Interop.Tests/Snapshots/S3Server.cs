using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Snapshots;

/// <summary>A store that speaks S3, and checks who asks: s3rver, which <c>tests/tools/get-s3rver.sh</c> fetches.
/// </summary>
public sealed class S3Server : IAsyncDisposable
{
    public const string Bucket = "backups";
    public const string Id = "S3RVER";
    public const string Secret = "S3RVER";

    private const string Script =
        """
        const S3rver = require('s3rver');
        const [directory, address, port, bucket] = process.argv.slice(1);
        new S3rver({
          address, port: Number(port), directory, silent: true, allowMismatchedSignatures: false,
          configureBuckets: [{ name: bucket }],
        }).run().then(() => console.log('it listens'), fault => { console.error(fault); process.exit(1); });
        """;

    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(60);

    private readonly TempDirectory _directory = new();
    private readonly Process _process;
    private readonly ProcessOutput _output;
    private readonly AmazonS3Client _client;

    private S3Server(string address)
    {
        Address = address;
        string[] parts = address.Split(':');
        var start = new ProcessStartInfo("node", ["-e", Script, _directory.Path, parts[0], parts[1], Bucket])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["NODE_PATH"] = Modules();
        _process = Process.Start(start)!;
        _output = new ProcessOutput(_process);
        _client = new AmazonS3Client(new BasicAWSCredentials(Id, Secret), new AmazonS3Config
        {
            ServiceURL = $"http://{address}",
            AuthenticationRegion = "us-east-1",
            ForcePathStyle = true,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        });
    }

    /// <summary>"host:port".</summary>
    public string Address { get; }

    public static async Task<S3Server> StartAsync()
    {
        var server = new S3Server(Loopback.NextAddress());
        if (await server._output.SaysAsync("it listens", StartMax))
            return server;
        string said = server._output.Text;
        await server.DisposeAsync();
        throw new InvalidOperationException($"s3rver does not listen.\n{said}");
    }

    /// <summary>Bytes of an object; null if there is none.</summary>
    public async Task<long?> SizeOfAsync(string key)
    {
        try
        {
            return (await _client.GetObjectMetadataAsync(Bucket, key)).ContentLength;
        }
        catch (AmazonS3Exception fault) when (fault.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Puts an object there as somebody else.</summary>
    public Task PutAsync(string key, string text) => _client.PutObjectAsync(new PutObjectRequest
    {
        BucketName = Bucket,
        Key = key,
        ContentBody = text,
        UseChunkEncoding = false,
    });

    public async Task<string> ReadAsync(string key)
    {
        using GetObjectResponse found = await _client.GetObjectAsync(new GetObjectRequest
        {
            BucketName = Bucket,
            Key = key,
        });
        using var reader = new StreamReader(found.ResponseStream);
        return await reader.ReadToEndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _directory.Dispose();
    }

    private static string Modules()
    {
        string cache = Environment.GetEnvironmentVariable("KV_CACHE")
            ?? Path.GetFullPath(Path.Combine(SourceFolder(), "../../../.cache"));
        string path = Path.Combine(cache, "s3rver-3.7.1", "node_modules");
        return Directory.Exists(path)
            ? path
            : throw new InvalidOperationException($"{path} is missing: run tests/tools/get-s3rver.sh.");
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}

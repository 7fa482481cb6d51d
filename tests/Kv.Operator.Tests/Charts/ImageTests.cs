using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.Json;
using Kv.Testing;

namespace Kv.Operator.Tests.Charts;

/// <summary>The images, built for real by buildah from the Dockerfiles, on a Debian and a .NET that nothing is pulled
/// for: what is in them, what they are started with, and that what is in them runs, not as root, on a root that cannot
/// be written.</summary>
public sealed partial class ImageTests(BuiltImages images) : IClassFixture<BuiltImages>
{
    private static readonly string[] OfTheBase = ["/tmp", "/var/tmp", "/run/lock"];
    private static readonly TimeSpan StartMax = TimeSpan.FromMilliseconds(500);

    public static TheoryData<string> Names => ["node", "operator"];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task An_image_runs_its_program_as_nobody_and_says_how_it_is(string name)
    {
        JsonObject config = await images.InspectAsync(name);

        Assert.Equal("65532:65532", config.Text("User"));
        Assert.Equal([$"/app/kv-{name}"], config.Texts("Entrypoint"));
        Assert.Equal(
            ["CMD", $"/app/kv-{name}", "probe"], config.Texts("Healthcheck", "Test").Take(3));
        Assert.Contains("DOTNET_EnableDiagnostics=0", config.Texts("Env"));
        Assert.Equal($"kv-{name}", config.Text("Labels", "org.opencontainers.image.title"));
        Assert.Equal("Apache-2.0", config.Text("Labels", "org.opencontainers.image.licenses"));
        Assert.NotEmpty(config.Text("Labels", "org.opencontainers.image.description")!);
        string chart = await File.ReadAllTextAsync(Path.Combine(ChartFiles.Operator, "Chart.yaml"));
        Assert.Contains(
            $"\nappVersion: \"{config.Text("Labels", "org.opencontainers.image.version")}\"\n", chart,
            StringComparison.Ordinal);
        Assert.DoesNotContain(config.Texts("Env"), each => SecretWords().IsMatch(each));
    }

    [Theory]
    [InlineData("node", 40)]
    [InlineData("operator", 20)]
    public async Task An_image_adds_little_to_its_base_and_no_sources(string name, int megabytes)
    {
        string app = Path.Combine(await images.MountAsync(name), "app");
        string[] files = Directory.GetFiles(app, "*", SearchOption.AllDirectories);

        Assert.InRange(files.Sum(file => new FileInfo(file).Length), 1 << 20, (long)megabytes << 20);
        Assert.DoesNotContain(files, file => Path.GetExtension(file) is ".cs" or ".csproj" or ".pdb");
    }

    /// <summary>On a root that can be written: whoever runs in it may write the volume of the data, and what the base
    /// lets everybody write. And there is nothing to build with.</summary>
    [Theory]
    [InlineData("node", "/var/lib/kv")]
    [InlineData("operator", "")]
    public async Task Nothing_in_an_image_can_be_written_but_the_data(string name, string data)
    {
        string root = await images.MountAsync(name);
        // What it may not even look into it cannot write either; of that find complains.
        (_, string writable, _) = await Tool.TryAsync(
            new ProcessStartInfo(
                "/usr/sbin/chroot",
                ["--userspec=65532:65532", root, "/usr/bin/find", "/", "-xdev", "-writable", "-not", "-type", "l"]),
            TimeSpan.FromSeconds(60));

        Assert.Equal(
            data.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            writable.Split('\n', StringSplitOptions.RemoveEmptyEntries).Except(OfTheBase));
        Assert.Contains("/tmp\n", writable, StringComparison.Ordinal);
        Assert.False(Directory.Exists($"{root}/usr/share/dotnet/sdk"));
        Assert.Equal(name == "operator", Directory.Exists($"{root}/usr/share/dotnet/shared"));
    }

    [Fact]
    public async Task The_node_of_the_image_serves_on_a_root_that_cannot_be_written()
    {
        using var data = new TempDirectory();
        File.SetUnixFileMode(data.Path, (UnixFileMode)0x1FF);
        var address = IPAddress.Parse("127.0.0.9");
        string client = $"http://{address}:{StoreNode.FreePort(address)}";
        string peer = $"http://{address}:{StoreNode.FreePort(address)}";
        string[] command =
        [
            "/app/kv-node", "--name", "one", "--data-dir", "/var/lib/kv/data", "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", $"one={peer}",
        ];
        string root = await images.MountAsync("node");
        const int AttemptsMax = 10; // others are busy here
        TimeSpan best = TimeSpan.MaxValue;
        for (int attempt = 0; attempt < AttemptsMax && best >= StartMax; attempt++)
        {
            using Process node = BuiltImages.Start(root, data.Path, command);
            try
            {
                best = TimeSpan.FromTicks(Math.Min(best.Ticks, (await UntilReadyAsync(node)).Ticks));
                string healthy = await Tool.RunAsync(
                    BuiltImages.Command(root, null, "/app/kv-node", "probe", client + "/health"),
                    TimeSpan.FromSeconds(20));
                Assert.Contains("\"health\":\"true\"", healthy, StringComparison.Ordinal);
            }
            finally
            {
                node.Kill(entireProcessTree: true);
                await node.WaitForExitAsync();
            }
        }

        Assert.InRange(best, TimeSpan.Zero, StartMax);
    }

    [Fact]
    public async Task The_operator_of_the_image_knows_its_definitions()
    {
        string written = await Tool.RunAsync(
            BuiltImages.Command(await images.MountAsync("operator"), null, "/app/kv-operator", "crds"),
            TimeSpan.FromSeconds(20));

        Assert.Equal(2, YamlReader.Read(written).Count);
    }

    [GeneratedRegex("(?i)token|secret|password|key")]
    private static partial Regex SecretWords();

    private static async Task<TimeSpan> UntilReadyAsync(Process node)
    {
        var lines = new Queue<string>();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await node.StandardError.ReadLineAsync(limit.Token) is { } line)
        {
            lines.Enqueue(line);
            if (line.Contains("ready to serve client requests", StringComparison.Ordinal))
            {
                string at = JsonFields.ParseObject(line).Text("ts")!;
                return DateTimeOffset.Parse(at, CultureInfo.InvariantCulture) - node.StartTime;
            }
        }

        Assert.Fail($"The node does not start:\n{string.Join('\n', lines)}");
        return default;
    }
}

using Kv.Server.Startup;
using Kv.Testing;

namespace Kv.Node.Tests.Startup;

public sealed class DataMarkerTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    [Fact]
    public void A_member_without_data_starts_the_first_time_and_never_again()
    {
        string marker = _folder["marker"];

        DataMarker.RequireNone(marker, "/data");
        DataMarker.Leave(marker);
        DataMarker.Leave(marker);

        var refusal = Assert.Throws<BootstrapException>(() => DataMarker.RequireNone(marker, "/data"));
        Assert.Contains("/data", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(marker, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_marker_nothing_is_asked_and_nothing_is_left()
    {
        DataMarker.RequireNone(path: null, "/data");
        DataMarker.Leave(path: null);

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_marker_that_cannot_be_left_is_told() =>
        Assert.ThrowsAny<IOException>(() => DataMarker.Leave(_folder["missing/marker"]));

    public void Dispose() => _folder.Dispose();
}

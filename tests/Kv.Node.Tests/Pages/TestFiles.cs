using Kv.Storage.Pages;

namespace Kv.Node.Tests.Pages;

internal static class TestFiles
{
    public const string Path = "/db";

    /// <summary>Small ones, so that files are remapped, grow often and have many pages.</summary>
    public static PageFileOptions RandomOptions(Random random) => new()
    {
        PageSize = random.Next(3) == 0 ? 1024 : 4096,
        ReservedBytes = 1 << random.Next(16, 24),
        GrowBytes = 1 << random.Next(12, 18),
        StoreFreeList = random.Next(3) == 0,
    };
}

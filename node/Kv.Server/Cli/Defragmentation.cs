using Kv.Replication;
using Kv.Storage;
using Kv.Storage.Pages;

namespace Kv.Server.Cli;

/// <summary>Frees the space of a page file that no node holds.</summary>
internal static class Defragmentation
{
    private const int PagesPerStep = 16_384;

    public static ResultTable Run(IDisk disk, string dataDirectory)
    {
        string path = new MemberFiles(dataDirectory).PageFile;
        if (!disk.FileExists(path))
            throw new CommandFailedException($"stat {path}: no such file or directory");

        using var file = PageFile.Open(disk, path, new PageFileOptions());
        long before = file.FileBytes;
        while (file.CompactSome(PagesPerStep).Progress == CompactionProgress.Going)
        {
        }

        return new ResultTable(
            [
                new("path", "Path", "path"), new("size before", "Size before", "sizeBefore"),
                new("size after", "Size after", "sizeAfter"),
            ],
            [[
                new(path), new(before, HumanBytes.Format(before)),
                new(file.FileBytes, HumanBytes.Format(file.FileBytes)),
            ]]);
    }
}

using Kv.Server.Cli;

namespace Kv.Server.Snapshots;

/// <summary>Opens places by their URLs: <c>file:///mount/folder/name.db</c> or
/// <c>s3://bucket/prefix/name.db</c>.</summary>
internal static class SnapshotPlaces
{
    /// <exception cref="CommandFailedException">The URL is of another kind, or nobody said who calls S3.</exception>
    public static ISnapshotPlace Open(Uri location, S3Settings? settings)
    {
        string path = Uri.UnescapeDataString(location.AbsolutePath);
        if (path.EndsWith('/') || path.Length < 2)
            throw new CommandFailedException($"{location} names a folder: the name of a file is needed");

        // The library of S3 is large, and is not loaded unless it is used: hence a method of its own.
        return location.Scheme switch
        {
            "file" when location.Host.Length == 0 => new FilePlace(path),
            "s3" when location.Host.Length > 0 => OpenS3(location.Host, path[1..], settings),
            _ => throw new CommandFailedException(
                $"{location} is no place for a snapshot: file:///folder/name or s3://bucket/name is needed"),
        };
    }

    /// <summary>The URL in a text of the command line.</summary>
    public static Uri ParseLocation(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? location)
            ? location
            : throw new CommandFailedException(
                $"'{text}' is no URL: file:///folder/name or s3://bucket/name is needed");

    private static S3Place OpenS3(string bucket, string key, S3Settings? settings) =>
        S3Place.Open(bucket, key, settings ?? new S3Settings(Endpoint: null, Region: null));
}

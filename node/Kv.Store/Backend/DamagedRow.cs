using System.Text;
using Google.Protobuf;
using Kv.Storage;

namespace Kv.Store;

/// <summary>What is said of a row of the page file that no member can have written. The file has no checksums, so a
/// flipped bit may first show where a row is decoded; whoever decodes one says so by this, with file, bucket, key and
/// what to do.</summary>
public static class DamagedRow
{
    /// <summary>What to throw about a row of a file.</summary>
    public static CorruptDataException Of(
        string path, StoreBucket bucket, ReadOnlySpan<byte> key, string finding) => new(
            $"{path}, bucket {Encoding.ASCII.GetString(StoreBuckets.Name(bucket))}, key {Text(key)}",
            $"{finding}; {Remedy.ReplaceMember}");

    internal static CorruptDataException Damage(
        this IBucketReader from, StoreBucket bucket, ReadOnlySpan<byte> key, string finding) =>
        Of(from.Path, bucket, key, finding);

    /// <summary>Decodes a message that a row holds.</summary>
    internal static T Parse<T>(
        MessageParser<T> parser,
        ReadOnlySpan<byte> message,
        IBucketReader from,
        StoreBucket bucket,
        ReadOnlySpan<byte> key)
        where T : IMessage<T>
    {
        try
        {
            return parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException fault)
        {
            throw from.Damage(bucket, key, $"it holds no {typeof(T).Name}: {fault.Message}");
        }
    }

    // Names as they are, encoded numbers in hexadecimal.
    private static string Text(ReadOnlySpan<byte> key) =>
        !key.IsEmpty && key.IndexOfAnyExceptInRange((byte)'!', (byte)'~') < 0
            ? Encoding.ASCII.GetString(key)
            : $"0x{Convert.ToHexStringLower(key)}";
}

namespace Kv.Store;

/// <summary>Encodes <c>mvccpb.KeyValue</c> as it is stored, hashed and answered with, byte for byte as etcd does:
/// fields in ascending order, zeros left out.</summary>
internal static class KeyValueCodec
{
    private const int KeyField = 1;
    private const int CreatedField = 2;
    private const int ModifiedField = 3;
    private const int VersionField = 4;
    private const int ValueField = 5;
    private const int LeaseField = 6;

    public static int SizeOf(int keyLength, in KeyState state, int valueLength, long lease) =>
        ProtoWriter.SizeOfBytes(keyLength) +
        ProtoWriter.SizeOfNumber(state.Created) +
        ProtoWriter.SizeOfNumber(state.Modified.Main) +
        ProtoWriter.SizeOfNumber(state.Version) +
        ProtoWriter.SizeOfBytes(valueLength) +
        ProtoWriter.SizeOfNumber(lease);

    public static void Write(
        Span<byte> destination, ReadOnlySpan<byte> key, in KeyState state, ReadOnlySpan<byte> value, long lease)
    {
        var writer = new ProtoWriter(destination);
        writer.Bytes(KeyField, key);
        writer.Number(CreatedField, state.Created);
        writer.Number(ModifiedField, state.Modified.Main);
        writer.Number(VersionField, state.Version);
        writer.Bytes(ValueField, value);
        writer.Number(LeaseField, lease);
        Invariant.Require(writer.Written == destination.Length);
    }

    /// <summary>What a deletion is stored as: the key alone.</summary>
    public static int SizeOfTombstone(int keyLength) => ProtoWriter.SizeOfBytes(keyLength);

    /// <summary>What watchers are told of a deletion: what is stored, followed by the revision.</summary>
    public static int SizeOfDeletion(int keyLength, long modified) =>
        SizeOfTombstone(keyLength) + ProtoWriter.SizeOfNumber(modified);

    public static void WriteDeletion(Span<byte> destination, ReadOnlySpan<byte> key, long modified)
    {
        var writer = new ProtoWriter(destination);
        writer.Bytes(KeyField, key);
        writer.Number(ModifiedField, modified);
    }

    /// <summary>Where the key begins in something encoded here that has one.</summary>
    public static int KeyOffset(int keyLength) => ProtoWriter.SizeOfBytes(keyLength) - keyLength;
}

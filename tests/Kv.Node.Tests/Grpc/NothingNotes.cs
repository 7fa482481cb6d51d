using Kv.Node.Tests.Grpc.Proto;

namespace Kv.Node.Tests.Grpc;

/// <summary>A service that implements none of its methods.</summary>
internal sealed class NothingNotes : Notes.NotesBase;

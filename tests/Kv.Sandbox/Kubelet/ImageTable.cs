namespace Kv.Sandbox.Kubelet;

/// <summary>What stands for an image: a program of this machine.</summary>
/// <param name="Program">The path of what is in the image; empty for an image that is just a shell and its
/// tools.</param>
internal sealed record LocalImage(string Reference, string Program)
{
    /// <summary>The variables that it sets, as ENV does in a Dockerfile.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    /// <summary>The command that a container runs: its own, or the image's with its arguments.</summary>
    public IReadOnlyList<string> CommandOf(IReadOnlyList<string> command, IReadOnlyList<string> arguments)
    {
        if (command.Count == 0)
            return Program.Length == 0 ? ["/bin/sh", .. arguments] : [Program, .. arguments];

        // Wherever an image keeps its program, here it is where it was built.
        bool isProgram = Program.Length > 0 && Path.GetFileName(command[0]) == Path.GetFileName(Program);
        return [isProgram ? Program : command[0], .. command.Skip(1), .. arguments];
    }
}

/// <summary>Which images there are. Nothing is ever fetched: a reference that is not in the table cannot be pulled, as
/// one that no registry has.</summary>
internal sealed class ImageTable
{
    private readonly Dictionary<string, LocalImage> _images = new(StringComparer.Ordinal);

    /// <summary>Adds an image: with a tag just that one, without any.</summary>
    public ImageTable Add(string reference, string program) => Add(new LocalImage(reference, program));

    public ImageTable Add(LocalImage image)
    {
        _images[image.Reference] = image;
        return this;
    }

    public LocalImage? Find(string reference)
    {
        if (_images.TryGetValue(reference, out LocalImage? image))
            return image;
        int colon = reference.LastIndexOf(':');
        bool hasTag = colon > reference.LastIndexOf('/');
        return hasTag && _images.TryGetValue(reference[..colon], out image)
            ? image with { Reference = reference }
            : null;
    }
}

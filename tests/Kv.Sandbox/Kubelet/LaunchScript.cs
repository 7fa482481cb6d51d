namespace Kv.Sandbox.Kubelet;

/// <summary>How a process gets a view of the machine that looks like a container's, without being root: in user and
/// mount namespaces of its own, the volumes are where the pod wants them, and /etc/hosts names the pods and services
/// of the sandbox, so that their names are looked up by the system's own resolver and stand unchanged in arguments,
/// certificates and what members tell each other. All else is that of the machine: there is no isolation.</summary>
internal static class LaunchScript
{
    public const string FileName = "launch.sh";

    // Arguments: a scratch directory, the hosts file, a working directory, pairs of source and target, "--", the
    // command. The process gets a root directory in memory into which the entries of the machine's are bound. Where a
    // target is missing, its nearest parent becomes a directory in memory full of links to what it was, so that nothing
    // of the machine is written.
    private const string Text =
        """
        #!/bin/sh
        set -e
        scratch=$1 hosts=$2 workdir=$3
        shift 3
        mount --make-rprivate / 2>/dev/null || true
        mount -t tmpfs none "$scratch"
        root=$scratch/root
        mkdir -p "$root/.origin" "$root/.work"
        made=" / "
        count=0
        for entry in /* /.[!.]*; do
          if [ -L "$entry" ]; then cp -P "$entry" "$root$entry"
          elif [ -d "$entry" ]; then mkdir "$root$entry"; mount --rbind "$entry" "$root$entry"
          fi
        done
        mount --bind "$hosts" "$root/etc/hosts"

        # open PATH: turns links to what was there, on the way to a path, into what they stand for
        open() {
          IFS=/
          path=
          for name in ${1#/}; do
            path=$path/$name
            if [ -L "$root$path" ]; then
              origin=$(readlink "$root$path")
              case $origin in
                /.origin/*)
                  rm "$root$path"
                  if [ -d "$root$origin" ]; then mkdir "$root$path"; else : > "$root$path"; fi
                  mount --rbind "$root$origin" "$root$path"
                  ;;
              esac
            fi
          done
          unset IFS
        }

        # place SOURCE TARGET: makes the target
        place() {
          open "$2"
          [ -e "$root$2" ] && return 0
          parent=$2
          while [ -n "$parent" ] && [ ! -d "$root$parent" ]; do parent=${parent%/*}; done
          case $made in
            *" ${parent:-/} "*) ;;
            *)
              count=$((count + 1))
              mkdir "$root/.origin/$count"
              mount --rbind "$root$parent" "$root/.origin/$count"
              mount -t tmpfs none "$root$parent"
              (cd "$root/.origin/$count" && ls -A) | while read -r name; do
                printf '/.origin/%s/%s\0' "$count" "$name"
              done | xargs -0 -r ln -s -t "$root$parent"
              made="$made$parent "
              ;;
          esac
          folder=$2
          [ -d "$1" ] || folder=${2%/*}
          mkdir -p "$root$folder"
          while [ "$folder" != "$parent" ]; do made="$made$folder "; folder=${folder%/*}; done
          [ -d "$1" ] || : > "$root$2"
        }

        while [ "$1" != "--" ]; do
          target=$(realpath -m "/$2")
          place "$1" "$target"
          mount --rbind "$1" "$root$target"
          shift 2
        done
        shift
        exec chroot "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$workdir" "$@"
        """;

    /// <summary>Writes the script into a directory.</summary>
    public static string WriteTo(string directory)
    {
        string path = Path.Combine(directory, FileName);
        File.WriteAllText(path, Text + "\n");
        return path;
    }

    /// <summary>The words that start a command in its view.</summary>
    /// <param name="scratch">An empty directory, of this container alone.</param>
    public static IReadOnlyList<string> Wrap(
        string script,
        string scratch,
        string hosts,
        string workingDirectory,
        IEnumerable<(string Source, string Target)> mounts,
        IReadOnlyList<string> command) =>
    [
        "setsid", "unshare", "--user", "--map-root-user", "--mount", "/bin/sh", script, scratch, hosts,
            workingDirectory,
        .. mounts.SelectMany(mount => new[] { mount.Source, mount.Target }), "--", .. command,
    ];
}

"""A second pair of eyes: a property collector of its own session that waits for changes."""

from pyVmomi import vim

from vsphere import PropertyCollector, filter_spec, object_spec, path_set, traversal


class Watcher:
    """A property collector of its own session, with the version that it saw last."""

    def __init__(self, si, *specs, partial=True):
        self.pc = si.content.propertyCollector.CreatePropertyCollector()
        self.filters = [self.pc.CreateFilter(spec, partial) for spec in specs]
        self.version = ""

    def wait(self, seconds=5, most=None):
        """The next update set, or None when nothing came in time."""
        options = PropertyCollector.WaitOptions(maxWaitSeconds=seconds, maxObjectUpdates=most)
        update = self.pc.WaitForUpdatesEx(self.version, options)
        if update is not None:
            self.version = update.version
        return update

    def objects(self, **options):
        """[(kind, object, {path: (op, value)})] of the next update set."""
        update = self.wait(**options)
        return [] if update is None else flat(update)

    def until(self, path, value):
        """Every value that a property takes until it takes this one."""
        seen = []
        while value not in seen:
            updates = self.objects()
            assert updates, f"{path} never became {value!r}; it was {seen}"
            seen += [changes[path][1] for _, _, changes in updates if path in changes]
        return seen


def flat(update):
    return [
        (entry.kind, entry.obj, {change.name: (change.op, change.val) for change in entry.changeSet})
        for in_filter in update.filterSet
        for entry in in_filter.objectSet
    ]


def watch_object(obj, *paths):
    return filter_spec([object_spec(obj)], [path_set(type(obj), *paths)])


def watch_all(si, kind, *paths):
    view = si.content.viewManager.CreateContainerView(si.content.rootFolder, [kind], True)
    start = object_spec(view, traversal(vim.view.ContainerView, "view"), skip=True)
    return filter_spec([start], [path_set(kind, *paths)])


def as_seen_by(session, obj):
    return type(obj)(obj._moId, session._stub)

"""Two storages from scratch, each whole in one small file: on plain files, and on etcd."""

"""What vulture takes for unused and is kept, by reason; `tests/test_style.py` gives it this file.

Classes and functions that entry points of a pyproject.toml name are left out there.
"""
# ruff: noqa: B018, F821

# Called by Python or by a library: hooks of modules, notebooks, logging, Typer, and parameters
# that a protocol asks for.
_.__dir__
_.__getattr__
_.__path__
_.__qualname__
_.__signature__
_._repr_html_
_._repr_png_
_.exc
_.exc_text
_.list_commands
_.format_commands
_._sanitize_help_text
_.readinto
_.yaml_implicit_resolvers
_.process_value
_.ls

# In an annotation that is a text.
_.Item

# Set for a library: fields of llama.cpp's structs, a setting of transformers.
_.allow_requantize
_.flash_attn_type
_.ftype
_.kv_unified
_.n_batch
_.n_gpu_layers
_.n_outputs_max
_.n_seq_max
_.n_threads
_.n_threads_batch
_.n_tokens
_.n_ubatch
_.type_k
_.type_v
_.use_cache
_.use_extra_bufts
_.vocab_only

# Options of vLLM, read as a whole; findings of a probe, written by name.
_.block_size
_.enable_prefix_caching
_.enforce_eager
_.gpu_memory_utilization
_.kv_cache_memory_bytes
_.max_num_batched_tokens
_.max_num_seqs
_.stop_stripped

# Named by a text, for a process that works under limits.
_.last_object
_.validate

# Called by uvicorn, and read by it.
_.capture_signals
_.should_exit

# The interface for plugins and their tests.
_.Checkable
_.Probeable
_.Settling
_.Slotted
_.Spread
_.Stepped
_.Tunable
_.bodies
_.hear_signals

# The similarity of two texts, by which tests look at what is computed for all pairs at once.
_.similarity

# Of pytest and of its fixtures, as tests of references use them.
_.readouterr
_.disabled
_.record_tuples
_.set_level
_.at_level
_.strpath
_.mktemp
_.getbasetemp
_.pytestmark
_.with_args
_.spy
_.stub
_.setenv
_.delenv
_.syspath_prepend
_.tb
_.exconly
_.tryshort
_.errisinstance
_.pytrace
_.minversion
_.__ttc_fixture__

# Asked by unittest, doctest and warnings.
_.testmod
_.failfast
_.addError
_.addFailure
_.addSubTest
_.subtest
_.addUnexpectedSuccess
_.addExpectedFailure
_.show_cursor
_.showwarning

# Asked by sympy.
_.nargs
_._eval_evalf

# Methods and fields of the data model of Python.
_.cell_contents
_.__bool__
_.protocol

# Operations that one end of a sandbox asks the other for, by name.
_.delete
_.captured

# The command `import`, whose name is a word of Python.
_.import_
